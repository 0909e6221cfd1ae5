_base_ = ['../_base_/imagenet.py', '../_base_/linear_r50.py', '../_base_/classifier_runtime.py']

# The paper: 100 epochs, batch 256, lr 10. Milestones and the rest: MoCo v2 and PCL.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=10., momentum=0.9, weight_decay=0.))
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[60, 80], gamma=0.1)]
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
auto_scale_lr = dict(base_batch_size=256, enable=False)
