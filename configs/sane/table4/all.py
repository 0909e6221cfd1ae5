# Table 4 of the paper, CIFAR-10, strong augmentation, 1,000 epochs: all of SANE: 95.9 % linear.
_base_ = '../sane_r50_1xb256-coslr_1000e_cifar10_strong.py'
