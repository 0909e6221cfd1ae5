# The two views of MoCo v2.
_base_ = './imagenet.py'

train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        with_label=True,  # labels are looked at to measure the detection, never to train
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='MultiView',
                num_views=2,
                transforms=[[  # all of MoCo v2
                    dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.), backend='pillow'),
                    dict(
                        type='RandomApply',
                        prob=0.8,
                        transforms=[  # torchvision's jitter: the hue of mmcv 2.2 fails with numpy 2
                            dict(type='NumpyToPIL', to_rgb=True),
                            dict(type='torchvision/ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
                            dict(type='PILToNumpy', to_bgr=True),
                        ]),
                    dict(type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
                    dict(type='GaussianBlur', prob=0.5, magnitude_range=(0.1, 2.), magnitude_std='inf'),
                    dict(type='RandomFlip', prob=0.5),
                ]]),
            dict(type='PackInputs'),
        ]))

val_dataloader = None  # pre-training is judged after its end
