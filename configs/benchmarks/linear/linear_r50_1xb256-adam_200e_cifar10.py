_base_ = ['../_base_/cifar10.py', '../_base_/linear_r50_cifar.py', '../_base_/classifier_runtime.py']

# SANE's linear evaluation on CIFAR-10: Adam, learning rate 0.01, no weight decay, 200 epochs; the batch is not said.
model = dict(backbone=dict(init_cfg=dict(
    checkpoint='work_dirs/sane_r50_1xb256-coslr_2000e_cifar10/epoch_2000.pth', prefix='key_backbone.')))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.01, weight_decay=0.))
param_scheduler = []
train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=1)
auto_scale_lr = dict(base_batch_size=256, enable=False)
