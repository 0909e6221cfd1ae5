# CLIP on CC3M: both directions of InfoNCE, a learned temperature, no detector. The schedule is FastCLIP's.
_base_ = [
    '../_base_/datasets/cc3m.py',
    '../_base_/models/clip_rn50.py',
    '../_base_/schedules/adamw_37e_clip.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(checkpoint=dict(max_keep_ckpts=2))

# Pairs have no classes; zero-shot classification: evaluation/. The training images are not read for these.
test_cfg = dict(
    measures=dict(
        _delete_=True, retrieval=dict(type='ImageTextRetrieval', ks=(1, 5, 10)), gap=dict(type='ModalityGap')))
