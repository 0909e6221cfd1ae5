# As simclr_digits.py in all but the framework. Of SwAV's own recipe two crops instead of six, no queue (a batch is a fifth
# of the images) and another temperature.
_base_ = '../baselines/simclr_digits.py'

model = dict(type='SwAVAdapter', head=dict(type='SwAVHead', num_prototypes=64, temperature=0.3))
