_base_ = './sogclr_fashion_mnist.py'

model = dict(head=dict(detector=dict(_delete_=True, type='GroundTruthDetector')))  # the upper control
