# MoCo with SANE's key set, to compare SANE with.
_base_ = '../baselines/moco_digits.py'

model = dict(fresh_keys=True, head=dict(temperature=0.3))  # chosen on the validation split, as SANE's
