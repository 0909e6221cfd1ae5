_base_ = './sogclr_glofnd_fashion_mnist.py'

model = dict(head=dict(detector=dict(shared=True)))  # one threshold for all images
