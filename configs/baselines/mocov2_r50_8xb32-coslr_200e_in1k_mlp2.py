# MoCo v2 as published: 67.5 % top-1 in the paper's tables.
_base_ = './mocov2_r50_8xb32-coslr_200e_in1k.py'

model = dict(neck=dict(num_layers=2))  # MoCo v2
