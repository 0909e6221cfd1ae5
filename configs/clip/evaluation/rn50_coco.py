# Retrieval on COCO: the 5,000 images of Karpathy's test split with their first five captions; images in data/coco/train2014
# and data/coco/val2014.
#   python tools/test.py configs/clip/evaluation/rn50_coco.py CHECKPOINT
_base_ = '../clip_rn50_8xb128-coslr_37e_cc3m.py'

test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='KarpathyJson',
        ann_file='dataset_coco.json',
        data_root='data/coco',
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=224, edge='short', backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='Tokenize', tokenizer=dict(type='CLIPTokenizer', context_length=77), caption='first'),
            dict(type='PackInputs', meta_keys=('text',)),
        ]))
test_cfg = dict(measures=dict(retrieval=dict(captions=5)))
