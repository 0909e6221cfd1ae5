_base_ = './sogclr_r50_1xb128-coslr_200e_cifar100.py'

# As sogclr_glofnd_r50_1xb128-coslr_200e_cifar100.py.
model = dict(head=dict(detector=dict(_delete_=True, type='BatchQuantileDetector', alpha=0.01, start_epoch=70)))
