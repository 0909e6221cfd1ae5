_base_ = ['../_base_/cifar10.py', '../_base_/linear_r50_cifar.py', '../_base_/classifier_runtime.py']

# Neither paper says how CIFAR is probed: SupContrast's script, whose pre-training recipe the papers share. Its learning rate
# is 1 after SimCLR and 5 after SupCon.
train_dataloader = dict(batch_size=512)  # 1 GPU x 512 images a step
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1., momentum=0.9, weight_decay=0.))
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[60, 75, 90], gamma=0.2)]
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
auto_scale_lr = dict(base_batch_size=512, enable=False)
