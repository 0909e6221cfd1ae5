# PCL v2 on ImageNet: 67.6 % top-1 as published; 85.4 on VOC07 and 50.3 on Places205 in IFND's tables.
_base_ = '../baselines/mocov2_r50_8xb32-coslr_200e_in1k_mlp2.py'

model = dict(
    queue_len=16384,  # PCL
    head=dict(type='ProtoNCEHead', num_negatives=16384))  # PCL draws as many prototypes as its queue has keys

default_hooks = dict(
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(25000, 50000, 100000),  # PCL
        interval=1,  # PCL: before every epoch
        begin=20,  # PCL: 20 epochs of the instance loss alone,
        acceptance=dict(type='ConfidenceAcceptance', scheme='constant', end=1.),  # and all labels from then on
        source='extract',
        batch_size=128,
        num_workers=8))
