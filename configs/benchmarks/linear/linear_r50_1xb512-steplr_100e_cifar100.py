_base_ = './linear_r50_1xb512-steplr_100e_cifar10.py'

model = dict(
    data_preprocessor=dict(mean=[129.3105, 124.1085, 112.404], std=[68.2125, 65.4075, 70.4055]),
    backbone=dict(init_cfg=dict(checkpoint='work_dirs/ifnd_simclr_r50_1xb1024-1000e_cifar100/epoch_1000.pth')),
    head=dict(num_classes=100))
train_dataloader = dict(dataset=dict(type='CIFAR100', data_root='data/cifar100'))
val_dataloader = dict(dataset=dict(type='CIFAR100', data_root='data/cifar100'))
test_dataloader = dict(dataset=dict(type='CIFAR100', data_root='data/cifar100'))
