_base_ = [
    '../_base_/datasets/emoji.py',
    '../_base_/models/clip_small.py',
    '../_base_/schedules/adamw_80e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(temperature=0.2))  # each method has its own best: docs/emoji_results.md

default_hooks = dict(
    checkpoint=dict(interval=80, max_keep_ckpts=1),
    logger=dict(interval=3),
    detection=dict(interval=3),  # the last of an epoch's 3 steps
    health=dict(interval=20))

test_cfg = dict(
    measures=dict(
        _delete_=True,
        retrieval=dict(type='ImageTextRetrieval', ks=(1, 5)),  # of 200 names
        gap=dict(type='ModalityGap')))
