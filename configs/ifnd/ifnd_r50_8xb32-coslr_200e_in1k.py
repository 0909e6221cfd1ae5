_base_ = './ifnd_r50_8xb32_200e_in1k.py'

param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)]  # MoCo v2
