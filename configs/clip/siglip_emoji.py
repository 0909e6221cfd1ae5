_base_ = './clip_emoji.py'

# The bias starts at -10, as in the paper. At the learning rate of the others, pairs are pushed apart before they are pulled
# together, and validation retrieval stays at 8 % instead of 26 %.
model = dict(head=dict(type='SigmoidHead', temperature=0.05, learned_bias=True))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
