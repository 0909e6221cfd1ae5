# Table 5 of the paper, CIFAR-10, strong augmentation, 2,000 epochs, lambda 0.25: 95.8 % linear.
_base_ = '../sane_r50_1xb256-coslr_2000e_cifar10_strong.py'

model = dict(mixup=dict(weight=0.25))
