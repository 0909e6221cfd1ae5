# IFND on CIFAR-10: 95.1 % top-1 in the paper (SimCLR: 94.2 %).
_base_ = '../baselines/simclr_r50_1xb1024-1000e_cifar10.py'

model = dict(head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))

default_hooks = dict(
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(10, 30, 100),  # paper
        interval=20,  # paper
        acceptance=dict(type='ConfidenceAcceptance', scheme='linear', start=0., end=1., milestone=0.1)))  # paper
