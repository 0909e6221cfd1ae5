_base_ = './linear_r50_8xb32-steplr_100e_in1k.py'

param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True)]  # SANE: learning rate 10, cosine to 0
