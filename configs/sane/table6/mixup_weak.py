# Table 6 of the paper, CIFAR-10, weak augmentation: MoCo and vanilla mixup, of two query views: 93.7 % linear.
_base_ = './momentum_mixup_weak.py'

model = dict(mixup=dict(mate='query'))
