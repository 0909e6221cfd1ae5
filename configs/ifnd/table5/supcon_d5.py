# Table 5 of the paper, SupCon with the 36 labels of depth 5: 89.2 % top-1 at that depth.
_base_ = './supcon_d18.py'

train_dataloader = dict(dataset=dict(depth=5))
test_dataloader = dict(dataset=dict(depth=5))
