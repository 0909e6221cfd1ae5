# The sigmoid loss, in which pairs that share a caption are positives. Ours.
_base_ = './siglip_rn50_8xb128-coslr_37e_cc3m.py'

train_dataloader = dict(dataset=dict(groups='caption'))
model = dict(head=dict(action='attract', detector=dict(type='GroupDetector')))
