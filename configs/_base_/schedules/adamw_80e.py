# 3 steps an epoch: 240 in all.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=6e-3, weight_decay=0.1))

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, begin=0, end=4, by_epoch=True, convert_to_iter_based=True),  # 5 % of 80
    dict(type='CosineAnnealingLR', begin=4, by_epoch=True, convert_to_iter_based=True),
]

train_cfg = dict(type='EpochLoop', max_epochs=80)
