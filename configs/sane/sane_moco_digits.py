_base_ = '../baselines/moco_digits.py'

model = dict(
    fresh_keys=True,  # Eq. 4
    head=dict(type='SANEHead', temperature=0.3, sharpening=0.8, prior=(0., 1.)),  # CIFAR-10's
    mixup=dict(type='MomentumMixup', beta=2., weight=0.5))  # CIFAR-10's
