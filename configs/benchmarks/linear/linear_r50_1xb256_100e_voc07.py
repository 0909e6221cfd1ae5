_base_ = ['../_base_/linear_r50.py', '../_base_/classifier_runtime.py']

# SANE's VOC07 evaluation: a linear classifier (no SVM) for 100 epochs, SGD with lr 0.05, batch 256, without weight decay and
# without a schedule. Views, loss and treatment of difficult objects are not said: here crops and flips, one logistic
# regression a class, and difficult objects absent in training and left out of the average precision.
model = dict(
    backbone=dict(
        init_cfg=dict(
            checkpoint='work_dirs/sane_r50_8xb32-coslr_200e_in1k_multi-strong/epoch_200.pth', prefix='key_backbone.')),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=20,
        in_channels=2048,
        init_cfg=dict(type='Normal', layer='Linear', std=0.01, bias=0.)))

train_dataloader = dict(
    batch_size=256,  # 1 GPU x 256 images a step
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VOC',
        data_root='data/VOCdevkit/VOC2007',
        split='trainval',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='RandomResizedCrop', scale=224, backend='pillow'),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackInputs'),
        ]))

val_dataloader = dict(
    batch_size=256,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VOC',
        data_root='data/VOCdevkit/VOC2007',
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', meta_keys=('sample_idx', 'img_path', 'gt_label_difficult')),
        ]))
test_dataloader = val_dataloader

val_evaluator = dict(_delete_=True, type='VOCAveragePrecision')
test_evaluator = dict(_delete_=True, type='VOCAveragePrecision')

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=0.))
param_scheduler = []
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=10)
auto_scale_lr = dict(base_batch_size=256, enable=False)
