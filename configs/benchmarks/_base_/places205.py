# The layout of the public archive; its lists hold an image and its label a line, with a space between them.
train_dataloader = dict(
    batch_size=32,  # 8 GPUs x 32 = 256 images a step
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='Places205',
        data_root='data/places205',
        data_prefix='data/vision/torralba/deeplearning/images256',
        ann_file='trainvalsplit_places205/train_places205.csv',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='RandomResizedCrop', scale=224, backend='pillow'),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackInputs'),
        ]))

val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='Places205',
        data_root='data/places205',
        data_prefix='data/vision/torralba/deeplearning/images256',
        ann_file='trainvalsplit_places205/val_places205.csv',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))

test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='Places205',
        data_root='data/places205',
        data_prefix='data/vision/torralba/deeplearning/images256',
        ann_file='trainvalsplit_places205/val_places205.csv',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
