# Retrieval on Flickr30k: the 1,000 images of Karpathy's test split with their first five captions; images in
# data/flickr30k/images.
#   python tools/test.py configs/clip/evaluation/rn50_flickr30k.py CHECKPOINT
_base_ = '../clip_rn50_8xb128-coslr_37e_cc3m.py'

test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='KarpathyJson',
        ann_file='dataset_flickr30k.json',
        data_root='data/flickr30k',
        data_prefix='images',
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=224, edge='short', backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='Tokenize', tokenizer=dict(type='CLIPTokenizer', context_length=77), caption='first'),
            dict(type='PackInputs', meta_keys=('text',)),
        ]))
test_cfg = dict(measures=dict(retrieval=dict(captions=5)))
