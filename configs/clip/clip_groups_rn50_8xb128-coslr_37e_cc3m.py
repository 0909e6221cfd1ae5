# CLIP without the negatives that share the anchor's caption (alternative texts repeat). Ours.
_base_ = './clip_rn50_8xb128-coslr_37e_cc3m.py'

train_dataloader = dict(dataset=dict(groups='caption'))
model = dict(head=dict(detector=dict(type='GroupDetector')))
