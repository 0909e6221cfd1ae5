# Table 5 of the paper, SupCon with the 486 labels of depth 9: 76.3 % top-1 at that depth.
_base_ = './supcon_d18.py'

train_dataloader = dict(dataset=dict(depth=9))
test_dataloader = dict(dataset=dict(depth=9))
