# SANE-Single: 70.6 % top-1 in the paper. The head has three layers; see the child with _mlp2.
_base_ = [
    '../_base_/datasets/imagenet_sane_single.py',
    '../_base_/models/moco_r50.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]

model = dict(
    fresh_keys=True,  # Eq. 4
    head=dict(type='SANEHead'),
    mixup=dict(type='MomentumMixup', beta=0.1, views='further'))  # lambda 0.5 is the best of Table 5; ImageNet's is not said

param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)]
