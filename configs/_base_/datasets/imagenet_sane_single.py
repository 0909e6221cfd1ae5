# SANE-Single: the two views of MoCo v2, and a crop of 96 pixels that is mixed. Scales of the crops: CLSA's
# released code, on which SANE's is based.
_base_ = './imagenet_mocov2.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='MixedViews',
                crop=dict(scale=224, crop_ratio_range=(0.2, 1.0)),
                further=[dict(scale=96, crop_ratio_range=(0.086, 0.429))],
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
                    dict(type='GaussianBlur', prob=0.5, magnitude_range=(0.1, 2.), magnitude_std='inf'),
                    dict(type='RandomFlip', prob=0.5),
                ]),
            dict(type='PackInputs'),
        ]))
