# Of mmpretrain's classifiers, which have no detector and no clustering to look after.
default_scope = 'mmifnd'

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=1),
    plain_checkpoint=dict(type='PlainCheckpointHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'))

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

visualizer = dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0, deterministic=False)

val_cfg = dict()
test_cfg = dict()
# Without a threshold: from 0 on, mmpretrain's default, a class whose softmax underflows is never among the first five.
val_evaluator = dict(type='Accuracy', topk=(1, 5), thrs=None)
test_evaluator = dict(type='Accuracy', topk=(1, 5), thrs=None)
