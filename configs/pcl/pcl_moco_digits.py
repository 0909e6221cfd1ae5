_base_ = '../baselines/moco_digits.py'

model = dict(head=dict(type='ProtoNCEHead', temperature=0.3))
default_hooks = dict(false_negative=dict(num_clusters=(10, 30, 100), acceptance=dict(scheme='step', end=1.)))
