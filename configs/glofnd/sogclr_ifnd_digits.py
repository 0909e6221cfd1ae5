_base_ = './sogclr_digits.py'

model = dict(head=dict(temperature=0.2, detector=dict(_delete_=True, type='PseudoLabelDetector')))
default_hooks = dict(false_negative=dict(acceptance=dict(scheme='linear', end=1., full_at=0.5)))
