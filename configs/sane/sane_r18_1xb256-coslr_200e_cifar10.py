# Provisional: SANE's formulas and constants are written from memory; see mmifnd/functional/self_labeling.py. Encoder,
# schedule and momentum are SCE's, since the paper's are not known here.
_base_ = '../baselines/mocov2_r18_1xb256-coslr_200e_cifar10.py'

model = dict(
    head=dict(type='SANEHead', sharpening=0.8, prior=(0., 1.)),
    mixup=dict(type='MomentumMixup', beta=2., weight=0.5))  # the weight is a guess

test_cfg = dict(measures=dict(knn=dict(k=50, temperature=0.05)))
