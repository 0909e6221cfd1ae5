_base_ = '../_base_/features_r50.py'

# The python version; images are brought to 224 pixels.
test_cfg = dict(
    train_dataset=dict(type='CIFAR10', data_root='data/cifar10', split='train', download=False, pipeline=[]),
    measures=dict(transfer=dict(type='LogisticTransfer', score='top1', select_on='val')))

test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='CIFAR10',
        data_root='data/cifar10',
        split='test',
        download=False,
        pipeline=[
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
