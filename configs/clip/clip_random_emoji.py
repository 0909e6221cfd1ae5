_base_ = './clip_emoji.py'

# The lower control: as many pairs as there are false negatives, drawn at random.
model = dict(head=dict(detector=dict(_delete_=True, type='RandomDetector', rate=0.004)))
