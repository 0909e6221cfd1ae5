# IFND on CIFAR-100: 74.0 % top-1 in the paper (SimCLR: 71.5 %).
_base_ = '../baselines/simclr_r50_1xb1024-1000e_cifar100.py'

model = dict(head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))

default_hooks = dict(
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(100, 300, 1000),  # paper
        interval=20,  # paper
        acceptance=dict(type='ConfidenceAcceptance', scheme='linear', start=0., end=1., milestone=0.1)))  # paper
