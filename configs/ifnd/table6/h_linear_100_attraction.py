# Table 6 (h) of the paper, CIFAR-100: linear, 0 to 100 %, attraction (Eq. 4) instead of elimination: 70.2 % top-1.
_base_ = '../ifnd_simclr_r50_1xb1024-1000e_cifar100.py'

model = dict(head=dict(type='AttrContrastiveHead'))
