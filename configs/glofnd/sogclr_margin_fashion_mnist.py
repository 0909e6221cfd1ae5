_base_ = './sogclr_fashion_mnist.py'

# Whoever is closer to the anchor than its own positive.
model = dict(head=dict(detector=dict(_delete_=True, type='PositiveMarginDetector')))
