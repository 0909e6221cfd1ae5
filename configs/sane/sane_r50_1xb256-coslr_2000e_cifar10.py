# SANE on CIFAR-10, weak augmentation: kNN 95.2 and linear 96.1 % in the paper.
_base_ = [
    '../_base_/datasets/cifar10.py',
    '../_base_/models/moco_r18_cifar.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(
        augmentation=[  # of MoCo's CIFAR demo: the default scale of torchvision, no blur
            dict(type='RandomResizedCrop', size=32, scale=(0.08, 1.), p=1.),
            dict(type='RandomHorizontalFlip', p=0.5),
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
            dict(type='RandomGrayscale', p=0.2),
        ]),
    backbone=dict(depth=50),
    # "3-layered MLP head"; the momentum 0.99 of the base is MoCo's CIFAR demo's, the paper does not say its own.
    neck=dict(in_channels=2048, hidden_channels=2048, num_layers=3, norm_cfg=None),
    fresh_keys=True,  # Eq. 4
    head=dict(type='SANEHead', sharpening=0.8, prior=(0., 1.)),
    mixup=dict(type='MomentumMixup', beta=2.))

train_dataloader = dict(batch_size=256)  # 1 GPU x 256 images a step
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=2000)
test_cfg = dict(measures=dict(knn=dict(k=50, temperature=0.05)))
default_hooks = dict(checkpoint=dict(interval=20))
