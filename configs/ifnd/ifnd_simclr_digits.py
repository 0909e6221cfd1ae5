_base_ = '../baselines/simclr_digits.py'

model = dict(head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))
default_hooks = dict(false_negative=dict(acceptance=dict(scheme='linear', end=1.)))
