# MoCo with SANE's key set, to compare SANE with.
_base_ = '../baselines/moco_digits.py'

model = dict(fresh_keys=True)
