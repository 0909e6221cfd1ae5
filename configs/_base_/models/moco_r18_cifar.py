# MoCo v2 at the size of CIFAR, with the encoder, head and queue of SCE's released config; augmentation on the device.
model = dict(
    type='MoCoAdapter',
    data_preprocessor=dict(
        type='TensorViewsPreprocessor',
        mean=[0.4914, 0.4822, 0.4465],  # of CIFAR-10
        std=[0.2023, 0.1994, 0.2010],  # SCE's; that of all pixels would be 0.2470, 0.2435, 0.2616
        augmentation=[
            dict(type='RandomResizedCrop', size=32, scale=(0.2, 1.), p=1.),
            dict(type='RandomHorizontalFlip', p=0.5),
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
            dict(type='RandomGrayscale', p=0.2),
            dict(type='RandomGaussianBlur', kernel_size=9, sigma=(0.1, 2.), p=0.5),
        ]),
    # The released code splits a batch in 8 for its batch statistics, also on one GPU; here only several GPUs do.
    backbone=dict(type='ResNet_CIFAR', depth=18, zero_init_residual=False, norm_cfg=dict(type='BN', requires_grad=True)),
    neck=dict(
        type='ProjectionMLP', in_channels=512, hidden_channels=512, out_channels=128, num_layers=2,
        norm_cfg=dict(type='BN1d')),
    queue_len=4096,
    momentum=0.99,
    same_image='negative',
    empty='negative',
    head=dict(type='ElimContrastiveHead', temperature=0.2, detector=dict(type='NoDetector')))  # 0.2: MoCo v2
