_base_ = './clip_emoji.py'

# SogCLR's loss, as FastCLIP has it for a fixed temperature.
model = dict(head=dict(type='FastCLIPHead', version='v1', gamma=0.6))
