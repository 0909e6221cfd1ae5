# SimCLR on ImageNet.
model = dict(
    type='SimCLRAdapter',
    data_preprocessor=dict(
        type='ImageViewsPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(type='ResNet', depth=50, zero_init_residual=True, norm_cfg=dict(type='BN', requires_grad=True)),
    # IFND: "3-layer MLP" to 128 dimensions; width and no normalisation as in our other recipes of the paper.
    neck=dict(type='ProjectionMLP', in_channels=2048, hidden_channels=2048, out_channels=128, num_layers=3),
    head=dict(type='ElimContrastiveHead', temperature=0.1, detector=dict(type='NoDetector')))  # 0.1: SimCLR, SupCon

sync_bn = 'torch'  # SimCLR; mmengine turns BN into SyncBN where there are several processes
