# 8 x 8 grey images; augmented in batches of tensors, since per-image Python would cost more than the training.
model = dict(
    type='SimCLRAdapter',
    data_preprocessor=dict(
        type='TensorViewsPreprocessor',
        mean=[0.305],
        std=[0.376],
        augmentation=[
            dict(type='RandomAffine', degrees=15., translate=(0.1, 0.1), scale=(0.9, 1.1), p=1.),
            dict(type='RandomBrightness', brightness=(0.8, 1.2), p=1.),
            dict(type='RandomContrast', contrast=(0.7, 1.3), p=1.),
            dict(type='RandomGaussianNoise', std=0.05, p=1.),
        ]),
    backbone=dict(type='SmallCNN', in_channels=1, widths=(16, 32, 64)),
    neck=dict(type='ProjectionMLP', in_channels=64, hidden_channels=64, out_channels=32, num_layers=2),
    head=dict(type='ElimContrastiveHead', temperature=0.2, detector=dict(type='NoDetector')))
