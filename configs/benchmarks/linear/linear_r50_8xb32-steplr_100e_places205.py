_base_ = ['../_base_/places205.py', '../_base_/linear_r50.py', '../_base_/classifier_runtime.py']

model = dict(head=dict(num_classes=205))

# The paper does not say how: lr 3 and batch 256 as in HCSC, with the schedule of the ImageNet probe.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=3., momentum=0.9, weight_decay=0.))
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[60, 80], gamma=0.1)]
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
auto_scale_lr = dict(base_batch_size=256, enable=False)
