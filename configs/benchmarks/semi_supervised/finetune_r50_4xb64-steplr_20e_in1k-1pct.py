_base_ = ['../_base_/imagenet_labelled.py', '../_base_/linear_r50.py', '../_base_/classifier_runtime.py']

model = dict(backbone=dict(frozen_stages=-1, norm_eval=False))

# The paper: two learning rates, 0.01 and for the classifier 1, both x 0.2 after epochs 12 and 16.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'head.fc': dict(lr_mult=100.)}))
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[12, 16], gamma=0.2)]
train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
auto_scale_lr = dict(base_batch_size=256, enable=False)
