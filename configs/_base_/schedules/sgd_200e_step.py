optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=1e-4))  # paper

param_scheduler = [dict(type='MultiStepLR', milestones=[120, 160], gamma=0.1, by_epoch=True)]  # paper

train_cfg = dict(type='EpochLoop', max_epochs=200)  # paper

# lr 0.03 belongs to 8 GPUs x 32 = 256 images a step; enable=True scales it to any other number.
auto_scale_lr = dict(base_batch_size=256, enable=False)
