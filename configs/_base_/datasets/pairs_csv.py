# A table of pairs: data/pairs/pairs.csv with the columns image (a path below data/pairs) and caption.
_base_ = './pairs.py'

train_dataloader = dict(
    batch_size=256,
    dataset=dict(
        type='ImageTextTable',
        ann_file='pairs.csv',
        data_root='data/pairs',
        groups='either',
        pipeline=[
            dict(type='LoadImageFromFile'),
            # Half of the area or more: a crop must still show what the caption says. No flip: captions say left and right.
            dict(
                type='RandomResizedCrop', scale=224, crop_ratio_range=(0.5, 1.0), backend='pillow',
                interpolation='bicubic'),
            dict(type='Tokenize', tokenizer=dict(type='HashTokenizer', buckets=8192, ngrams=None, context_length=64)),
            dict(type='PackInputs', meta_keys=('text',)),
        ]))

test_dataloader = dict(
    dataset=dict(
        type='ImageTextTable',
        ann_file='pairs.csv',
        data_root='data/pairs',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='Tokenize', tokenizer=dict(type='HashTokenizer', buckets=8192, ngrams=None, context_length=64),
                 caption='first'),
            dict(type='PackInputs', meta_keys=('text',)),
        ]))
