_base_ = './sce_moco_digits.py'

# Soft labels over what IFND's hard ones leave.
model = dict(same_image='exclude', empty='exclude', head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))
default_hooks = dict(false_negative=dict(acceptance=dict(scheme='linear', end=1.)))
