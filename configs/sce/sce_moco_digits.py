_base_ = '../baselines/moco_digits.py'

# Query views as in the baseline, key views weaker, as in the paper.
model = dict(
    data_preprocessor=dict(
        num_views=[1, 1],
        augmentation=[
            [
                dict(type='RandomAffine', degrees=15., translate=(0.1, 0.1), scale=(0.9, 1.1), p=1.),
                dict(type='RandomBrightness', brightness=(0.8, 1.2), p=1.),
                dict(type='RandomContrast', contrast=(0.7, 1.3), p=1.),
                dict(type='RandomGaussianNoise', std=0.05, p=1.),
            ],
            [dict(type='RandomAffine', degrees=15., translate=(0.1, 0.1), scale=(0.9, 1.1), p=1.)],
        ]),
    head=dict(type='SCEHead', temperature=0.3, key_temperature=0.1, weight=0.5))
