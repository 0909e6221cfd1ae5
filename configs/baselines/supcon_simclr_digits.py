_base_ = './simclr_digits.py'

# The other oracle: images of the same true class are pulled together, not only left out.
model = dict(head=dict(type='AttrContrastiveHead', temperature=0.3, detector=dict(type='GroundTruthDetector')))
