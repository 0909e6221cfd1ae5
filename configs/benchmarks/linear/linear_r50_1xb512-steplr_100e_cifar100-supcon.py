_base_ = './linear_r50_1xb512-steplr_100e_cifar100.py'

optim_wrapper = dict(optimizer=dict(lr=5.))  # SupContrast, after SupCon
model = dict(backbone=dict(init_cfg=dict(checkpoint='work_dirs/supcon_r50_1xb1024-1000e_cifar100/epoch_1000.pth')))
