_base_ = '../baselines/moco_digits.py'

# Provisional: SANE's formulas and constants are written from memory; see mmifnd/functional/self_labeling.py.
model = dict(
    head=dict(type='SANEHead', temperature=0.3, sharpening=0.8, prior=(0., 1.)),  # CIFAR-10's
    mixup=dict(type='MomentumMixup', beta=2., weight=0.5))
