_base_ = './sogclr_fashion_mnist.py'

# The lower control; a study gives the rates of another run, one for each epoch.
model = dict(head=dict(detector=dict(_delete_=True, type='RandomDetector', rate=0.05)))
