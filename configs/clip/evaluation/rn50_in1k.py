# Zero-shot classification of ImageNet's validation images: 80 templates, and the names of classes that came with CLIP.
#   python tools/test.py configs/clip/evaluation/rn50_in1k.py CHECKPOINT
_base_ = '../clip_rn50_8xb128-coslr_37e_cc3m.py'

test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CustomDataset',
        data_root='data/imagenet',
        data_prefix='val',
        with_label=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=224, edge='short', backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
test_cfg = dict(
    measures=dict(
        _delete_=True, zero_shot=dict(type='ZeroShotClassification', classes='imagenet', templates='openai')))
