_base_ = './ifnd_swav_digits.py'

default_hooks = dict(false_negative=dict(acceptance=dict(full_at=0.5)))
