# SimCLR on CIFAR-10: 94.2 % top-1 in the paper.
_base_ = [
    '../_base_/datasets/cifar10.py',
    '../_base_/models/simclr_r50_cifar.py',
    '../_base_/schedules/sgd_1000e_cosine.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(checkpoint=dict(interval=20))
