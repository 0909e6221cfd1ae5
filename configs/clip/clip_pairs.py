# Your own pairs: data/pairs/pairs.csv with the columns image (a path below data/pairs) and caption, or
#   --cfg-options train_dataloader.dataset.ann_file=FILE train_dataloader.dataset.data_root=DIR
# and the same of test_dataloader.
# It needs nothing besides mmifnd: tokens are hashed words. `pretrain('pairs.csv', OUT, framework='clip')` starts from here.
_base_ = ['../_base_/datasets/pairs_csv.py', '../_base_/default_runtime.py']

# Negatives of the anchor's own caption, or of its own image, are removed: what repeats in a table means the same.
model = dict(
    type='CLIPAdapter',
    data_preprocessor=dict(
        type='ImageTextPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(type='ResNet', depth=18, zero_init_residual=False, norm_cfg=dict(type='BN', requires_grad=True)),
    neck=dict(type='LinearProjection', in_channels=512, out_channels=256),
    # The order of words counts; 8,192 buckets, padding, and no n-grams.
    text_backbone=dict(type='TextTransformer', vocab_size=8193, width=256, layers=4, heads=4, context_length=64, pool='mean',
                       causal=False),
    text_neck=dict(type='LinearProjection', in_channels=256, out_channels=256),
    head=dict(type='ElimContrastiveHead', temperature=0.07, learned_temperature=dict(), detector=dict(type='GroupDetector')))

# CLIP's betas, epsilon and decay. The rate is ours: CLIP takes 5e-4 for 32,768 pairs per step, FastCLIP 1e-3 for 1,024.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1),
    paramwise_cfg=dict(flat_decay_mult=0., custom_keys={'log_scale': dict(decay_mult=0.)}))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, begin=0, end=10, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=10, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochLoop', max_epochs=200)
auto_scale_lr = dict(base_batch_size=256, enable=True)

test_cfg = dict(
    measures=dict(
        _delete_=True,
        retrieval=dict(type='ImageTextRetrieval', ks=(1, 5, 10)),
        gap=dict(type='ModalityGap'),
        knn=dict(type='KNNAccuracy', k=20, temperature=0.07),
        linear=dict(type='LinearProbe', l2=1e-4),
        zero_shot=dict(type='ZeroShotClassification'),
        detection=dict(type='DetectionQuality', max_anchors=2048),
        threshold_error=dict(type='QuantileError')))
