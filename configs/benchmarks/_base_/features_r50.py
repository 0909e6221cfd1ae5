# Features of one of our ResNet-50 checkpoints, of whatever framework: python tools/test.py CONFIG CHECKPOINT
default_scope = 'mmifnd'

model = dict(
    type='Encoder',
    data_preprocessor=dict(
        type='ImageViewsPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(type='ResNet', depth=50))

test_evaluator = []
test_cfg = dict(type='RepresentationLoop', batch_size=128)

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook'),
    param_scheduler=None,
    checkpoint=None,
    sampler_seed=None)

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

visualizer = dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
log_level = 'INFO'
load_from = None
randomness = dict(seed=0, deterministic=False)
