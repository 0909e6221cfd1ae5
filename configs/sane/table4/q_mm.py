# Table 4 of the paper: q and momentum mixup: 95.1 % linear.
_base_ = './all.py'

model = dict(head=dict(parts=('q',)))
