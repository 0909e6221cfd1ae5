# SogCLR on CIFAR-10 with GloFND's recipe for ImageNet-100; the paper has no numbers for it.
_base_ = [
    '../_base_/datasets/cifar10.py',
    '../_base_/models/sogclr_r50_cifar.py',
    '../_base_/schedules/lars_200e_sqrt.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=128)  # 1 GPU x 128 images a step

default_hooks = dict(checkpoint=dict(interval=10))
