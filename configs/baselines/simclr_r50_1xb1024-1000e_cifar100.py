# SimCLR on CIFAR-100: 71.5 % top-1 in the paper.
_base_ = [
    '../_base_/datasets/cifar100.py',
    '../_base_/models/simclr_r50_cifar.py',
    '../_base_/schedules/sgd_1000e_cosine.py',
    '../_base_/default_runtime.py',
]

model = dict(data_preprocessor=dict(mean=[0.5071, 0.4867, 0.4408], std=[0.2675, 0.2565, 0.2761]))  # of CIFAR-100

default_hooks = dict(checkpoint=dict(interval=20))
