# Conceptual Captions 3M as img2dataset leaves it: data/cc3m/00000.tar and so on, KEY.jpg beside KEY.txt. GloFND's copy
# had 2,723,840 pairs; what the list of URLs gives today is fewer. An index of offsets is made beside each shard at the
# first use, or before:
#   python tools/dataset_converters/index_shards.py 'data/cc3m/*.tar' --workers 16
_base_ = './pairs.py'

train_dataloader = dict(
    batch_size=128,  # 8 GPUs x 128 = 1024 pairs a step
    dataset=dict(
        type='PairShards',
        shards='*.tar',
        data_root='data/cc3m',
        pipeline=[
            dict(type='LoadImageFromFile'),
            # open_clip's training transform: a crop of 90 to 100 % of the area, and no flip
            dict(
                type='RandomResizedCrop', scale=224, crop_ratio_range=(0.9, 1.0), backend='pillow',
                interpolation='bicubic'),
            dict(type='Tokenize', tokenizer=dict(type='CLIPTokenizer', context_length=77)),
            dict(type='PackInputs', meta_keys=('text',)),
        ]))

test_dataloader = dict(
    dataset=dict(
        type='PairShards',
        shards='*.tar',
        data_root='data/cc3m_val',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=224, edge='short', backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='Tokenize', tokenizer=dict(type='CLIPTokenizer', context_length=77), caption='first'),
            dict(type='PackInputs', meta_keys=('text',)),
        ]))
