# Folders of classes: data/imagenet/train/n01440764/*.JPEG and data/imagenet/val/n01440764/*.JPEG. CustomDataset takes any
# number of classes, so that a small folder in the same layout serves as well (ImageNet of mmpretrain insists on 1,000).
train_dataloader = dict(
    batch_size=32,  # 8 GPUs x 32 = 256 images a step (paper)
    num_workers=8,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='CustomDataset',
        data_root='data/imagenet',
        data_prefix='train',
        with_label=True,  # labels are looked at to measure the detection, never to train
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='MultiView',
                num_views=2,
                transforms=[[  # all of MoCo v2
                    dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.), backend='pillow'),
                    dict(
                        type='RandomApply',
                        prob=0.8,
                        transforms=[  # torchvision's jitter: the hue of mmcv 2.2 fails with numpy 2
                            dict(type='NumpyToPIL', to_rgb=True),
                            dict(type='torchvision/ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
                            dict(type='PILToNumpy', to_bgr=True),
                        ]),
                    dict(type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
                    dict(type='GaussianBlur', prob=0.5, magnitude_range=(0.1, 2.), magnitude_std='inf'),
                    dict(type='RandomFlip', prob=0.5),
                ]]),
            dict(type='PackInputs'),
        ]))

test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='CustomDataset',
        data_root='data/imagenet',
        data_prefix='val',
        with_label=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
