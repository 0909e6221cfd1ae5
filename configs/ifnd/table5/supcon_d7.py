# Table 5 of the paper, SupCon with the 206 labels of depth 7: 79.3 % top-1 at that depth.
_base_ = './supcon_d18.py'

train_dataloader = dict(dataset=dict(depth=7))
test_dataloader = dict(dataset=dict(depth=7))
