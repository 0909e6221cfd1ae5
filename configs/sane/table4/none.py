# Table 4 of the paper: neither, which is MoCo with the key set of Eq. 4: 93.7 % linear.
_base_ = './mm.py'

model = dict(mixup=None)
