# FastCLIP's recipe for CC3M, which GloFND keeps: AdamW without decay for biases, normalisations and temperature, and mixed
# precision.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1),
    paramwise_cfg=dict(flat_decay_mult=0., custom_keys={'log_scale': dict(decay_mult=0.)}))

# 10,000 steps up from lr / 10,000, then the half cosine to 0.
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, begin=0, end=10000, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=10000, by_epoch=False),
]

train_cfg = dict(type='EpochLoop', max_epochs=37)  # 2,660 steps each

# lr 1e-3 belongs to 8 GPUs x 128 = 1024 pairs a step.
auto_scale_lr = dict(base_batch_size=1024, enable=False)
