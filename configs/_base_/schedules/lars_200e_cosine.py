# SwAV for batches of 256: SGD in LARC with trust 0.001 and without clipping, for all parameters alike. LARS without
# exclusions takes these steps, except that it multiplies by the learning rate before the momentum and LARC behind it: the
# two differ by what the rate changes within the momentum's memory of 10 steps, at most 0.05 % here.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='LARS', lr=0.6, momentum=0.9, weight_decay=1e-6, eta=1e-3))

# No warm-up; the cosine ends at 0.001 x 0.6 = 0.0006.
param_scheduler = [dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=True, convert_to_iter_based=True)]

train_cfg = dict(type='EpochLoop', max_epochs=200)

# lr 0.6 belongs to 8 GPUs x 32 = 256 images a step; enable=True scales it to any other number.
auto_scale_lr = dict(base_batch_size=256, enable=False)
