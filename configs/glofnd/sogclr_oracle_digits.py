_base_ = './sogclr_digits.py'

model = dict(head=dict(detector=dict(_delete_=True, type='GroundTruthDetector')))  # the upper control
