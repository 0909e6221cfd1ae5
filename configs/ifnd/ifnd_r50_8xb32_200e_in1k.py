# IFND on MoCo v2: 69.7 % top-1 in the paper (MoCo v2: 67.5 %).
_base_ = '../baselines/mocov2_r50_8xb32_200e_in1k.py'

model = dict(
    same_image='exclude',  # Algorithm 1: an image shares its label with itself
    empty='exclude',  # ours: the baseline's random vectors are no images
    head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))

default_hooks = dict(
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(1000, 3000, 10000),  # paper
        interval=1,  # paper: after every epoch
        acceptance=dict(type='ConfidenceAcceptance', scheme='linear', start=0., end=1.),  # paper: 0 to 100 %
        source='extract',
        batch_size=128,
        num_workers=8))  # centre crops, the pipeline of test_dataloader
