# Table 4 of the paper: p and q without mixup: 94.9 % linear.
_base_ = './all.py'

model = dict(mixup=None)
