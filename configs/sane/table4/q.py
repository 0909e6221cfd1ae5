# Table 4 of the paper: q alone: 94.5 % linear.
_base_ = './q_mm.py'

model = dict(mixup=None)
