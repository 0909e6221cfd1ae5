_base_ = ['../_base_/imagenet100.py', '../_base_/linear_r50.py', '../_base_/classifier_runtime.py']

model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint='work_dirs/sogclr_glofnd_r50_1xb128-coslr_200e_in100/epoch_200.pth')),
    head=dict(num_classes=100))

# GloFND's code (the paper writes AdamW): lr 0.1 x 1024 / 256, cosine by the epoch, no weight decay.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=0.))
# All labels here; the children take a share of each class, by this seed and the next two.
train_dataloader = dict(dataset=dict(type='LabelledSubset', fraction=1., seed=12346))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True)]
train_cfg = dict(by_epoch=True, max_epochs=90, val_interval=1)
auto_scale_lr = dict(base_batch_size=1024, enable=False)
# GloFND's code stops when the best epoch is more than 100 ago, and reports the best epoch on the test images; the log says
# both that one and the last one.
default_hooks = dict(early_stop=dict(type='EarlyStopHook', monitor='accuracy/top1', patience=100))
