_base_ = './sogclr_glofnd_digits.py'

model = dict(head=dict(detector=dict(shared=True)))  # one threshold for all images
