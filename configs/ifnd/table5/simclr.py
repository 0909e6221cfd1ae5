# Table 5 of the paper, SimCLR: 93.9, 86.0, 75.3, 71.6 and 65.1 % top-1 at the depths 3, 5, 7, 9 and 18. It is trained once,
# and judged at each depth; the other depths:
#   python tools/test.py configs/ifnd/table5/simclr.py CHECKPOINT
#       --cfg-options train_dataloader.dataset.depth=3 test_dataloader.dataset.depth=3
# At depth 3, 946 of the 1000 classes are one: an answer that is always the same has 94.6 %.
_base_ = '../../baselines/simclr_r50_8xb128-coslr_200e_in1k.py'

train_dataloader = dict(dataset=dict(type='WordNetDepthDataset', depth=18))
test_dataloader = dict(dataset=dict(type='WordNetDepthDataset', depth=18))
