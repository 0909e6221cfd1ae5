# The headline with views made in two halves: CPU workers decode and cut, the GPU does the rest of MoCo v2's augmentation in
# batches. Equal in distribution to the headline's, which keeps the published pipeline until accuracies have been compared.
_base_ = './ifnd_r50_8xb32_200e_in1k.py'

train_dataloader = dict(
    dataset=dict(pipeline=[
        dict(type='LoadImageFromFile', deferred=True),
        dict(type='CutViews', num_views=2, crops=dict(scale=224, crop_ratio_range=(0.2, 1.))),
        dict(type='PackInputs'),
    ]))

model = dict(
    data_preprocessor=dict(
        type='CutViewsPreprocessor',
        num_views=2,
        augmentation=[
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8, order='image'),
            dict(type='RandomGrayscale', p=0.2),
            dict(type='RandomGaussianBlur', kernel_size=13, sigma=(0.1, 2.), p=0.5),  # 3 of the largest sigma to each side
            dict(type='RandomHorizontalFlip', p=0.5),
        ]))
