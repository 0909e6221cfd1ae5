# IFND on SwAV: 72.8 % top-1 in the paper (SwAV: 72.0 %).
_base_ = '../swav/swav_r50_8xb32-coslr_200e_in1k-160px-96px.py'

model = dict(head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))

default_hooks = dict(
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(1000, 3000, 10000),  # paper
        interval=1,  # paper: after every epoch
        acceptance=dict(type='ConfidenceAcceptance', scheme='linear', start=0., end=1.),  # paper: 0 to 100 %
        source='extract',
        batch_size=128,
        num_workers=8))  # centre crops, the pipeline of test_dataloader
