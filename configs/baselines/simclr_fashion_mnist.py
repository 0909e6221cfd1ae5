_base_ = [
    '../_base_/datasets/fashion_mnist.py',
    '../_base_/models/simclr_small.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(
        mean=[0.287],
        std=[0.322],
        augmentation=[
            dict(type='RandomResizedCrop', size=16, scale=(0.4, 1.), p=1.),
            dict(type='RandomHorizontalFlip', p=0.5),
            dict(type='RandomBrightness', brightness=(0.8, 1.2), p=1.),
            dict(type='RandomContrast', contrast=(0.7, 1.3), p=1.),
        ]),
    backbone=dict(widths=(32, 64, 128)),
    neck=dict(in_channels=128, hidden_channels=128, out_channels=64))

default_hooks = dict(checkpoint=dict(interval=40, max_keep_ckpts=1))
