_base_ = [
    '../_base_/datasets/glyphs.py',
    '../_base_/models/simclr_small.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]

# No flips and no large turns: they make other characters.
model = dict(
    data_preprocessor=dict(
        mean=[0.071],
        std=[0.206],
        augmentation=[
            dict(type='RandomAffine', degrees=10., translate=(0.12, 0.12), scale=(0.8, 1.15), shear=8., p=1.),
            dict(type='RandomBrightness', brightness=(0.8, 1.2), p=1.),
            dict(type='RandomContrast', contrast=(0.6, 1.3), p=1.),
            dict(type='RandomGaussianNoise', std=0.06, p=1.),
        ]),
    backbone=dict(widths=(32, 64, 128), first_stride=2),
    neck=dict(in_channels=128, hidden_channels=128, out_channels=64))

# Clustered to be measured only, as in simclr_digits.py.
default_hooks = dict(
    checkpoint=dict(interval=40, max_keep_ckpts=1),
    detection=dict(interval=15),  # the last of an epoch's 15 steps
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(62,),
        interval=4,
        kmeans=dict(num_redo=1, num_iterations=10),
        acceptance=dict(type='ConfidenceAcceptance', scheme='constant', end=0.)))
