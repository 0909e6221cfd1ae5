_base_ = '../_base_/transfer_r50.py'

# The python version; images are brought to 224 pixels.
test_cfg = dict(
    train_dataset=dict(type='CIFAR100', data_root='data/cifar100', split='train', download=False, pipeline=[]))

test_dataloader = dict(
    dataset=dict(
        type='CIFAR100',
        data_root='data/cifar100',
        download=False,
        pipeline=[  # the images come as arrays
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
