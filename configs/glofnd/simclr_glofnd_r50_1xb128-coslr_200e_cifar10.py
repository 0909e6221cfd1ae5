_base_ = './sogclr_glofnd_r50_1xb128-coslr_200e_cifar10.py'

model = dict(head=dict(type='GloFNDThresholdHead'))
