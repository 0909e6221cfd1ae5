_base_ = './sogclr_digits.py'

model = dict(head=dict(temperature=0.2, detector=dict(_delete_=True, type='GroundTruthDetector')))  # the upper control
