# SANE (strong) on CIFAR-10: kNN 95.5 and linear 96.5 % in the paper. Workers augment, since the operations are Pillow's.
_base_ = './sane_r50_1xb256-coslr_2000e_cifar10.py'

model = dict(
    data_preprocessor=dict(
        _delete_=True,
        type='ImageViewsPreprocessor',
        mean=[125.307, 122.961, 113.8575],  # of CIFAR-10
        std=[51.5865, 50.847, 51.255]),
    mixup=dict(views='further', mate='key'))  # the paper does not say which of the two mixed images is strongly augmented

train_dataloader = dict(
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(_delete_=True, type='default_collate'),
    dataset=dict(
        _delete_=True,
        type='CIFAR10',
        data_root='data/cifar10',
        split='train',
        download=False,
        pipeline=[
            dict(
                type='MixedViews',
                crop=dict(scale=32, crop_ratio_range=(0.08, 1.0)),
                further=[dict(scale=32, crop_ratio_range=(0.08, 1.0))],
                transforms=[
                    dict(
                        type='RandomApply',
                        prob=0.8,
                        transforms=[
                            dict(type='NumpyToPIL', to_rgb=True),
                            dict(type='torchvision/ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
                            dict(type='PILToNumpy', to_bgr=True),
                        ]),
                    dict(type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
                    dict(type='RandomFlip', prob=0.5),
                ],
                strong=[dict(type='StrongOperations', num_operations=5, prob=0.5, max_level=9)]),
            dict(type='PackInputs'),
        ]))

test_dataloader = dict(
    num_workers=4,
    collate_fn=dict(_delete_=True, type='default_collate'),
    dataset=dict(
        _delete_=True,
        type='CIFAR10',
        data_root='data/cifar10',
        split='test',
        download=False,
        pipeline=[dict(type='PackInputs')]))
