_base_ = './simclr_digits.py'

# The upper control: negatives of the same true class removed.
model = dict(head=dict(temperature=0.2, detector=dict(_delete_=True, type='GroundTruthDetector')))
