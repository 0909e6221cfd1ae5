_base_ = ['../_base_/cifar10.py', '../_base_/linear_r50_cifar.py', '../_base_/classifier_runtime.py']

# Neither paper says how CIFAR is probed: SupContrast's script, whose pre-training recipe the papers share.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1., momentum=0.9, weight_decay=0.))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True)]
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
auto_scale_lr = dict(base_batch_size=256, enable=False)
