_base_ = '../_base_/features_r50.py'

# Flowers-102: jpg/, imagelabels.mat, setid.mat; 1,020 images to learn from.
test_cfg = dict(
    train_dataset=dict(type='Flowers102', data_root='data/flowers', split='train', pipeline=[]),
    measures=dict(transfer=dict(type='LogisticTransfer', score='per_class', select_on='val')))

test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='Flowers102',
        data_root='data/flowers',
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
