# The layout of the public archive; its lists hold an image and its label a line, with a space between them.
_base_ = './imagenet.py'

train_dataloader = dict(
    dataset=dict(
        type='Places205',
        data_root='data/places205',
        data_prefix='data/vision/torralba/deeplearning/images256',
        ann_file='trainvalsplit_places205/train_places205.csv'))

val_dataloader = dict(
    dataset=dict(
        type='Places205',
        data_root='data/places205',
        data_prefix='data/vision/torralba/deeplearning/images256',
        ann_file='trainvalsplit_places205/val_places205.csv'))

test_dataloader = val_dataloader
