# Logistic regression on the features of another data set (GloFND, Table 3), which the config that inherits names.
_base_ = './features_r50.py'

test_cfg = dict(measures=dict(transfer=dict(type='LogisticTransfer', score='top1', select_on='val')))

test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
