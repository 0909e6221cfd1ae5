# Provisional: SANE's formulas and constants are written from memory; see mmifnd/functional/self_labeling.py. The paper's
# 70.6 % top-1 (remembered, too) is no promise.
_base_ = '../baselines/mocov2_r50_8xb32-coslr_200e_in1k_mlp2.py'

model = dict(
    head=dict(type='SANEHead', sharpening=1., prior=(0.5, 10.)),
    mixup=dict(type='MomentumMixup', beta=0.1, weight=0.5))  # the weight is a guess
