_base_ = './clip_emoji.py'

# 0.4 % of the negatives show the anchor's emoji: about one in each row of 255.
model = dict(head=dict(detector=dict(_delete_=True, type='BatchQuantileDetector', alpha=0.004, start_epoch=24)))
