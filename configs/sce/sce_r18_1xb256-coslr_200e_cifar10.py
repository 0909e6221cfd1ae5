# SCE on CIFAR-10, in the recipe of its released config but for one: batch statistics, see the model's file.
_base_ = '../baselines/mocov2_r18_1xb256-coslr_200e_cifar10.py'

model = dict(
    data_preprocessor=dict(
        num_views=[1, 1],
        augmentation=[
            [  # query: strong, all of the baseline
                dict(type='RandomResizedCrop', size=32, scale=(0.2, 1.), p=1.),
                dict(type='RandomHorizontalFlip', p=0.5),
                dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
                dict(type='RandomGrayscale', p=0.2),
                dict(type='RandomGaussianBlur', kernel_size=9, sigma=(0.1, 2.), p=0.5),
            ],
            [  # key: weak
                dict(type='RandomResizedCrop', size=32, scale=(0.2, 1.), p=1.),
                dict(type='RandomHorizontalFlip', p=0.5),
            ],
        ]),
    head=dict(type='SCEHead', temperature=0.1, key_temperature=0.05, weight=0.5))
