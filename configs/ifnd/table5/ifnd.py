# Table 5 of the paper, IFND: 95.2, 87.5, 77.2, 73.8 and 68.4 % top-1 at the depths 3, 5, 7, 9 and 18. Trained once, as
# simclr.py.
_base_ = './simclr.py'

model = dict(head=dict(detector=dict(type='PseudoLabelDetector')))

default_hooks = dict(
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(1000, 3000, 10000),  # paper
        interval=1,  # paper: after every epoch
        acceptance=dict(type='ConfidenceAcceptance', scheme='linear', start=0., end=1.),  # paper: 0 to 100 %
        source='extract',
        batch_size=128,
        num_workers=8))
