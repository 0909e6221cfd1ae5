# Table 4 of the paper: momentum mixup with one-hot labels: 94.8 % linear.
_base_ = './all.py'

model = dict(head=dict(prior=(0., 0.)))
