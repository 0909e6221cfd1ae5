optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.5, momentum=0.9, weight_decay=1e-4))  # paper

# Paper: 10 epochs of linear warm-up, then cosine. From SupContrast: the warm-up ends on the cosine's curve, and starts at
# 0.02 x 0.5 = 0.01; the cosine ends at 0.001 x 0.5 = 0.0005.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, begin=0, end=10, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=True, convert_to_iter_based=True),
]

train_cfg = dict(type='EpochLoop', max_epochs=1000)  # paper

auto_scale_lr = dict(base_batch_size=1024, enable=False)
