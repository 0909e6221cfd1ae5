_base_ = './ifnd_moco_digits.py'

model = dict(head=dict(temperature=0.1))  # its own best, docs/temperatures_digits.md
default_hooks = dict(false_negative=dict(acceptance=dict(full_at=0.5)))
