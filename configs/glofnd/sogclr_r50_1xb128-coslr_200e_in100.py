# SogCLR on ImageNet-100: linear top-1 76.55 %, mean over 100, 10, 1 and 0.1 % of the labels 61.66 % in GloFND's paper. Which
# classes these are: see the data set's file.
_base_ = [
    '../_base_/datasets/imagenet100_glofnd.py',
    '../_base_/models/sogclr_r50.py',
    '../_base_/schedules/lars_200e_sqrt.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(checkpoint=dict(interval=10))
