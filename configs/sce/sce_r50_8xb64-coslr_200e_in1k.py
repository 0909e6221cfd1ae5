# SCE on MoCo v2's encoder, queue and schedule. Temperatures, weight and the weak key view are the paper's; batch, learning
# rate (MoCo v2's 0.03 for 256, doubled with the batch) and the rest are assumed. The published 72.7 % top-1 belongs to the
# recipe of the released config, which is another: 4,096 images a step, LARS, a predictor, BN behind each layer of the head,
# a symmetric loss, a momentum that grows from 0.99 to 1, key_temperature=0.07.
_base_ = '../baselines/mocov2_r50_8xb32-coslr_200e_in1k_mlp2.py'

train_dataloader = dict(
    batch_size=64,  # 8 GPUs x 64 = 512 images a step
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='MultiView',
                num_views=[1, 1],
                transforms=[
                    [  # query: all of MoCo v2
                        dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.), backend='pillow'),
                        dict(
                            type='RandomApply',
                            prob=0.8,
                            transforms=[
                                dict(type='NumpyToPIL', to_rgb=True),
                                dict(type='torchvision/ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
                                dict(type='PILToNumpy', to_bgr=True),
                            ]),
                        dict(
                            type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
                        dict(type='GaussianBlur', prob=0.5, magnitude_range=(0.1, 2.), magnitude_std='inf'),
                        dict(type='RandomFlip', prob=0.5),
                    ],
                    [  # key: weak
                        dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.), backend='pillow'),
                        dict(type='RandomFlip', prob=0.5),
                    ],
                ]),
            dict(type='PackInputs'),
        ]))

model = dict(head=dict(type='SCEHead', temperature=0.1, key_temperature=0.05, weight=0.5))

optim_wrapper = dict(optimizer=dict(lr=0.06))
auto_scale_lr = dict(base_batch_size=512)
