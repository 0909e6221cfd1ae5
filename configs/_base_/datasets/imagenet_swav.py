# SwAV's six crops of each image: 2 of 160 pixels and 4 of 96, all with the same colours.
_base_ = './imagenet_mocov2.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='MultiView',
                num_views=[2, 4],
                transforms=[
                    [
                        dict(type='RandomResizedCrop', scale=160, crop_ratio_range=(0.08, 1.), backend='pillow'),
                        dict(
                            type='RandomApply',
                            prob=0.8,
                            transforms=[  # torchvision's jitter: the hue of mmcv 2.2 fails with numpy 2
                                dict(type='NumpyToPIL', to_rgb=True),
                                dict(type='torchvision/ColorJitter', brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2),
                                dict(type='PILToNumpy', to_bgr=True),
                            ]),
                        dict(type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
                        dict(type='GaussianBlur', prob=0.5, magnitude_range=(0.1, 2.), magnitude_std='inf'),
                        dict(type='RandomFlip', prob=0.5),
                    ],
                    [
                        dict(type='RandomResizedCrop', scale=96, crop_ratio_range=(0.05, 0.14), backend='pillow'),
                        dict(
                            type='RandomApply',
                            prob=0.8,
                            transforms=[
                                dict(type='NumpyToPIL', to_rgb=True),
                                dict(type='torchvision/ColorJitter', brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2),
                                dict(type='PILToNumpy', to_bgr=True),
                            ]),
                        dict(type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
                        dict(type='GaussianBlur', prob=0.5, magnitude_range=(0.1, 2.), magnitude_std='inf'),
                        dict(type='RandomFlip', prob=0.5),
                    ],
                ]),
            dict(type='PackInputs'),
        ]))
