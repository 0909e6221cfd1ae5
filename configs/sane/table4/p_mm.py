# Table 4 of the paper: p and momentum mixup: 95.2 % linear.
_base_ = './all.py'

model = dict(head=dict(parts=('p',)))
