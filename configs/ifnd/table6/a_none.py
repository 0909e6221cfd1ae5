# Table 6 (a) of the paper, CIFAR-100: nothing accepted, which is SimCLR: 71.5 % top-1.
_base_ = '../ifnd_simclr_r50_1xb1024-1000e_cifar100.py'

default_hooks = dict(false_negative=dict(acceptance=dict(end=0.)))
