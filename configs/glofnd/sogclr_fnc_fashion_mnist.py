_base_ = './sogclr_fashion_mnist.py'

model = dict(head=dict(detector=dict(_delete_=True, type='BatchQuantileDetector', alpha=0.1, start_epoch=10)))
