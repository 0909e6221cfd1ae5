_base_ = '../baselines/moco_digits.py'

model = dict(
    same_image='exclude',
    empty='exclude',
    head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))
default_hooks = dict(false_negative=dict(acceptance=dict(scheme='linear', end=1.)))
