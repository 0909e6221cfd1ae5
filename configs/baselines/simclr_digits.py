_base_ = [
    '../_base_/datasets/digits.py',
    '../_base_/models/simclr_small.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(temperature=0.5))  # each method has its own best: docs/temperatures_digits.md

# Clustered to be measured only: nothing is accepted, and nobody asks for the labels.
default_hooks = dict(
    checkpoint=dict(interval=40, max_keep_ckpts=1),
    logger=dict(interval=5),
    detection=dict(interval=5),  # the last of an epoch's 5 steps
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(10,),
        save='features',
        acceptance=dict(type='ConfidenceAcceptance', scheme='constant', end=0.)))
