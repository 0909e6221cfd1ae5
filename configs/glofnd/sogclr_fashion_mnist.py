_base_ = '../baselines/simclr_fashion_mnist.py'

model = dict(head=dict(type='SogCLRHead', temperature=0.5))
