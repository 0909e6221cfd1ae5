# Of SCE's released config for CIFAR-10.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.06, momentum=0.9, weight_decay=5e-4))

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, begin=0, end=5, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=5, by_epoch=True, convert_to_iter_based=True),
]

train_cfg = dict(type='EpochLoop', max_epochs=200)

auto_scale_lr = dict(base_batch_size=256, enable=False)
