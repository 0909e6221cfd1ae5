# 0.848528 = 0.075 x sqrt(128), for 128 images a step. LARS scales the step of each weight to the weight's length; BN and
# biases take plain steps without decay. (The released code multiplies by the rate behind the momentum, this one before it.)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='LARS', lr=0.848528, momentum=0.9, weight_decay=1e-6),
    paramwise_cfg=dict(
        custom_keys={
            'bn': dict(decay_mult=0., lars_exclude=True),
            'bias': dict(decay_mult=0., lars_exclude=True),
            'downsample.1': dict(decay_mult=0., lars_exclude=True),  # BN of a shortcut
            'neck.mlp.1': dict(decay_mult=0., lars_exclude=True),  # BN of the projection head
        }))

# 10 epochs up from (almost) 0, then the half cosine down to 0.
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, begin=0, end=10, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=10, by_epoch=True, convert_to_iter_based=True),
]

train_cfg = dict(type='EpochLoop', max_epochs=200)  # paper

# Stays off: mmengine would scale linearly. Another batch takes --cfg-options optim_wrapper.optimizer.lr=0.075 x its root.
auto_scale_lr = dict(base_batch_size=128, enable=False)
