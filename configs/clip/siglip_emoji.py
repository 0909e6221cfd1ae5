_base_ = './clip_emoji.py'

# The bias starts at the prior: minus the logarithm of the negatives of a row, -5.5 for 255. The paper has -10 for 32,768. At
# the learning rate of the others, validation retrieval is 8 points lower (seed 200).
model = dict(head=dict(type='SigmoidHead', bias=-5.5, learned_bias=True))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
