# SANE-Single (strong): 70.1 % top-1 in the paper.
_base_ = './sane_r50_8xb32-coslr_200e_in1k_single.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='MultiView',
                num_views=[2, 1],
                transforms=[
                    [
                        dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.0), backend='pillow'),
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
                    ],
                    [
                        dict(type='RandomResizedCrop', scale=96, crop_ratio_range=(0.086, 0.429), backend='pillow'),
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
                        dict(
                            # Five of CLSA's 14 operations, each with probability 0.5; levels up to 9 of 10.
                            type='RandAugment',
                            num_policies=5,
                            magnitude_level=9,
                            magnitude_std='inf',
                            policies=[
                                dict(type='AutoContrast', prob=0.5),
                                dict(type='Brightness', prob=0.5, magnitude_range=(0, 0.9)),
                                dict(type='ColorTransform', prob=0.5, magnitude_range=(0, 0.9)),
                                dict(type='Contrast', prob=0.5, magnitude_range=(0, 0.9)),
                                dict(type='Equalize', prob=0.5),
                                dict(type='Brightness', prob=0., magnitude=0.),  # identity
                                dict(type='Posterize', prob=0.5, magnitude_range=(8, 4)),
                                dict(type='Rotate', prob=0.5, magnitude_range=(0, 30)),
                                dict(type='Sharpness', prob=0.5, magnitude_range=(0, 0.9)),
                                dict(type='Shear', prob=0.5, direction='horizontal', magnitude_range=(0, 0.3)),
                                dict(type='Shear', prob=0.5, direction='vertical', magnitude_range=(0, 0.3)),
                                dict(type='Solarize', prob=0.5, magnitude_range=(256, 0)),
                                dict(type='Translate', prob=0.5, direction='horizontal', magnitude_range=(0, 0.45)),
                                dict(type='Translate', prob=0.5, direction='vertical', magnitude_range=(0, 0.45)),
                            ]),
                    ],
                ]),
            dict(type='PackInputs'),
        ]))
