_base_ = '../_base_/features_r50.py'

# Table 5: one set of features, linear probes at each depth of WordNet. Folders as in configs/benchmarks/_base_/imagenet.py.
test_cfg = dict(
    train_dataset=dict(type='CustomDataset', data_root='data/imagenet', data_prefix='train', pipeline=[]),
    measures=dict(depths=dict(type='WordNetDepthProbe', depths=(3, 5, 7, 9, 18))))

test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='CustomDataset',
        data_root='data/imagenet',
        data_prefix='val',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
