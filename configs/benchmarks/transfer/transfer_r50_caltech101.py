_base_ = '../_base_/features_r50.py'

# Caltech-101: 101_ObjectCategories/, and the lists meta/train.txt and meta/test.txt, an image and its label a line
# (GloFND: 80 % and 20 % of each class, drawn by seed 42).
test_cfg = dict(
    train_dataset=dict(type='Caltech101', data_root='data/caltech-101', split='train', pipeline=[]),
    measures=dict(transfer=dict(type='LogisticTransfer', score='per_class', select_on='val')))

test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='Caltech101',
        data_root='data/caltech-101',
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
