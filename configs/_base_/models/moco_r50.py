# MoCo v2's encoder and queue, with the deeper head of the IFND paper.
model = dict(
    type='MoCoAdapter',
    data_preprocessor=dict(
        type='ImageViewsPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    # BN, as in MoCo v2: keys are shuffled over the GPUs instead (section 3.3 of MoCo). On one GPU there is nothing to
    # shuffle with, and small batches leak through their statistics; use a large one, or several GPUs.
    backbone=dict(type='ResNet', depth=50, zero_init_residual=False, norm_cfg=dict(type='BN', requires_grad=True)),
    # Paper: "3-layer MLP" to 128 dimensions. Width and no normalisation: MoCo v2, which has 2 layers.
    neck=dict(type='ProjectionMLP', in_channels=2048, hidden_channels=2048, out_channels=128, num_layers=3),
    queue_len=65536,  # MoCo v2; the paper does not say
    momentum=0.999,  # MoCo v2
    same_image='negative',  # MoCo v2: older keys of the anchor's own image stay negatives,
    empty='negative',  # and so do the random vectors that fill the queue at first
    head=dict(type='ElimContrastiveHead', temperature=0.2, detector=dict(type='NoDetector')))  # 0.2: MoCo v2
