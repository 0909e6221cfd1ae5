# SwAV as in its script for batches of 256.
model = dict(
    type='SwAVAdapter',
    data_preprocessor=dict(
        type='ImageViewsPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.14, 57.12, 57.375],  # SwAV: 0.228
        to_rgb=True),
    # Statistics over all GPUs, as in SwAV's code; on one process mmengine makes BN of it.
    backbone=dict(type='ResNet', depth=50, zero_init_residual=False, norm_cfg=dict(type='SyncBN', requires_grad=True)),
    neck=dict(type='ProjectionMLP', in_channels=2048, hidden_channels=2048, out_channels=128, num_layers=2,
              norm_cfg=dict(type='SyncBN')),
    crops_for_assign=(0, 1),  # the two large ones
    queue_len=3840,  # over all GPUs; 15 batches
    queue_start_epoch=15,
    head=dict(
        type='SwAVHead',
        num_prototypes=3000,
        temperature=0.1,
        epsilon=0.05,
        num_iterations=3,
        freeze_iterations=5005,  # one epoch of 256 images a step
        detector=dict(type='NoDetector')))
