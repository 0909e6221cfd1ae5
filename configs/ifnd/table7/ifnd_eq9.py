# Table 7 of the paper, CIFAR-100: IFND with PCL's confidence (its Eq. 9) instead of Eq. 2: 71.2 % top-1.
_base_ = '../ifnd_simclr_r50_1xb1024-1000e_cifar100.py'

default_hooks = dict(false_negative=dict(confidence='concentration'))
