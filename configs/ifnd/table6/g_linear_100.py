# Table 6 (g) of the paper, CIFAR-100: linear, 0 to 100 %: 74.0 % top-1. The final setting, that of its parent.
_base_ = '../ifnd_simclr_r50_1xb1024-1000e_cifar100.py'
