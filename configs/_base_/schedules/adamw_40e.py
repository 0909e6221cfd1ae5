optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=4e-3, weight_decay=1e-4))

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, begin=0, end=2, by_epoch=True, convert_to_iter_based=True),  # 5 % of 40
    dict(type='CosineAnnealingLR', begin=2, by_epoch=True, convert_to_iter_based=True),
]

train_cfg = dict(type='EpochLoop', max_epochs=40)
