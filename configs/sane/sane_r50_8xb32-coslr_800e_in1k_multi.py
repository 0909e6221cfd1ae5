# 75.7 % top-1 in the paper.
_base_ = './sane_r50_8xb32-coslr_200e_in1k_multi.py'

train_cfg = dict(max_epochs=800)
