# The 1,000 epochs of Table 4; Table 6 does not say its number, and one of its rows equals one of Table 4.
_base_ = './sane_r50_1xb256-coslr_2000e_cifar10.py'

train_cfg = dict(max_epochs=1000)
