# SogCLR on CIFAR-100 with GloFND's recipe for ImageNet-100; the paper has no numbers for it.
_base_ = [
    '../_base_/datasets/cifar100.py',
    '../_base_/models/sogclr_r50_cifar.py',
    '../_base_/schedules/lars_200e_sqrt.py',
    '../_base_/default_runtime.py',
]

model = dict(data_preprocessor=dict(mean=[0.5071, 0.4867, 0.4408], std=[0.2675, 0.2565, 0.2761]))  # of CIFAR-100

train_dataloader = dict(batch_size=128)  # 1 GPU x 128 images a step

default_hooks = dict(checkpoint=dict(interval=10))
