# Table 4 of the paper: p alone: 94.6 % linear.
_base_ = './p_mm.py'

model = dict(mixup=None)
