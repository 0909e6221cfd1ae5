# Augmentation on the model's device. The values are those of SupContrast's SimCLR, whose recipe the paper's numbers match.
model = dict(
    type='SimCLRAdapter',
    data_preprocessor=dict(
        type='TensorViewsPreprocessor',
        mean=[0.4914, 0.4822, 0.4465],  # of CIFAR-10
        std=[0.2023, 0.1994, 0.2010],  # SupContrast's; that of all pixels would be 0.2470, 0.2435, 0.2616
        augmentation=[
            dict(type='RandomResizedCrop', size=32, scale=(0.2, 1.), p=1.),
            dict(type='RandomHorizontalFlip', p=0.5),
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, p=0.8),
            dict(type='RandomGrayscale', p=0.2),
        ]),
    # The paper has SyncBN over its GPUs; on one GPU that is BN, which runs on CPUs, too. On several GPUs:
    # --cfg-options model.backbone.norm_cfg.type=SyncBN and train_dataloader.batch_size=1024 / their number.
    backbone=dict(type='ResNet_CIFAR', depth=50, zero_init_residual=False, norm_cfg=dict(type='BN', requires_grad=True)),
    # Paper: "3-layer MLP" to 128 dimensions; the width is ours.
    neck=dict(type='ProjectionMLP', in_channels=2048, hidden_channels=2048, out_channels=128, num_layers=3),
    head=dict(type='ElimContrastiveHead', temperature=0.5, detector=dict(type='NoDetector')))  # 0.5: SupContrast
