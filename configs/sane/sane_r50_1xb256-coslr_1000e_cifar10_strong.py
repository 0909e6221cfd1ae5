# The 1,000 epochs of Table 4 of the paper.
_base_ = './sane_r50_1xb256-coslr_2000e_cifar10_strong.py'

train_cfg = dict(max_epochs=1000)
