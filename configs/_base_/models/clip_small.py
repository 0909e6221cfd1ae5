# 32 x 32 colour images and short captions, on one core: a small convolutional net and a bag of hashed n-grams.
model = dict(
    type='CLIPAdapter',
    data_preprocessor=dict(
        type='TensorPairsPreprocessor',
        mean=[0.5, 0.5, 0.5],
        std=[0.5, 0.5, 0.5],
        augmentation=[
            dict(type='RandomAffine', degrees=10., translate=(0.1, 0.1), scale=(0.9, 1.1), padding_mode='border', p=1.),
        ]),
    # The last layer covers the whole 2 x 2 map, so that the average after it loses no position.
    backbone=dict(type='SmallCNN', in_channels=3, widths=(32, 64, 128, 128), patch=4),
    neck=dict(type='ProjectionMLP', in_channels=128, hidden_channels=128, out_channels=64, num_layers=2),
    text_backbone=dict(type='TokenBag', vocab_size=8193, width=128),
    text_neck=dict(type='LinearProjection', in_channels=128, out_channels=64),
    head=dict(type='ElimContrastiveHead', temperature=0.1, detector=dict(type='NoDetector')))
