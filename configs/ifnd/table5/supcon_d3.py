# Table 5 of the paper, SupCon with the 9 labels of depth 3: 96.1 % top-1 at that depth.
_base_ = './supcon_d18.py'

train_dataloader = dict(dataset=dict(depth=3))
test_dataloader = dict(dataset=dict(depth=3))
