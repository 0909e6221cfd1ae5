# Folders of classes: data/imagenet/train/n01440764/*.JPEG and data/imagenet/val/n01440764/*.JPEG. CustomDataset takes any
# number of classes, so that a small folder in the same layout serves as well (ImageNet of mmpretrain insists on 1,000).
train_dataloader = dict(
    batch_size=32,  # 8 GPUs x 32 = 256 images a step
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(type='CustomDataset', data_root='data/imagenet', data_prefix='train'))

val_dataloader = dict(
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

test_dataloader = val_dataloader
