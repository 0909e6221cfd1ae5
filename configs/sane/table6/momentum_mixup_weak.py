# Table 6 of the paper, CIFAR-10, weak augmentation: MoCo and momentum mixup: 94.2 % linear.
_base_ = '../sane_r50_1xb256-coslr_1000e_cifar10.py'

model = dict(head=dict(prior=(0., 0.)))
