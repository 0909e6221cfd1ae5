# The encoder and the views of SimCLR on CIFAR, with GloFND's projection head and loss.
_base_ = './simclr_r50_cifar.py'

model = dict(
    neck=dict(num_layers=2, norm_cfg=dict(type='BN1d')),
    head=dict(type='SogCLRHead', temperature=0.1))  # as on ImageNet-100
