_base_ = './clip_emoji.py'

# The upper control: other drawings of the same emoji removed from the negatives.
model = dict(head=dict(temperature=0.1, detector=dict(_delete_=True, type='GroundTruthDetector')))
