_base_ = './clip_emoji.py'

# The paper starts at a bias of -10, for 32,768 negatives; log(1 / 255) = -5.5 belongs to these.
model = dict(head=dict(type='SigmoidHead', bias=-5.5, learned_bias=True))
