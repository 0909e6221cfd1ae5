default_scope = 'mmifnd'

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3),
    plain_checkpoint=dict(type='PlainCheckpointHook'),
    non_finite=dict(type='NonFiniteHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    detection=dict(type='DetectionHook', interval=50),
    health=dict(type='HealthHook', max_images=4096),
    progress=dict(type='ProgressHook'))  # console='log': the console shows the log instead

env_cfg = dict(
    cudnn_benchmark=False,
    channels_last=False,  # True: steps take 11 to 26 % less time on a CPU, results change by rounding
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl', timeout=600))  # seconds without progress that are a hang

visualizer = dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0, deterministic=False)

# How a checkpoint is judged: `python tools/test.py CONFIG CHECKPOINT`.
test_evaluator = []
test_cfg = dict(
    type='RepresentationLoop',
    measures=dict(
        knn=dict(type='KNNAccuracy', k=20, temperature=0.07),
        linear=dict(type='LinearProbe', l2=1e-4),
        few_shot=dict(type='FewShotProbe', shots=(1, 5), num_draws=200, l2=1e-2),
        nmi=dict(type='ClusteringNMI', num_runs=5),
        detection=dict(type='DetectionRates', max_anchors=2048),
        threshold_error=dict(type='QuantileError')))
