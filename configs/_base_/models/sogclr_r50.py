# SogCLR as GloFND trains it.
model = dict(
    type='SimCLRAdapter',  # where anchors and candidates come from; the head makes it SogCLR
    data_preprocessor=dict(
        type='ImageViewsPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    # On several GPUs the released code has SyncBN: --cfg-options model.backbone.norm_cfg.type=SyncBN and
    # train_dataloader.batch_size=128 / their number.
    backbone=dict(type='ResNet', depth=50, zero_init_residual=True, norm_cfg=dict(type='BN', requires_grad=True)),
    # As the released code has it: no biases, and the embedding's channels normalised (BN without weights).
    neck=dict(
        type='ProjectionMLP', in_channels=2048, hidden_channels=2048, out_channels=128, num_layers=2,
        norm_cfg=dict(type='BN1d'),
        bias=False,
        last_norm_cfg=dict(type='BN1d', affine=False)),
    head=dict(type='SogCLRHead', temperature=0.1, detector=dict(type='NoDetector')))  # and gamma 0.9
