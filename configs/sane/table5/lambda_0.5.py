# Table 5 of the paper, CIFAR-10, strong augmentation, 2,000 epochs, lambda 0.5: 95.9 % linear.
_base_ = '../sane_r50_1xb256-coslr_2000e_cifar10_strong.py'
