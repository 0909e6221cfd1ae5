_base_ = '../_base_/transfer_r50.py'

# Describable Textures, its first split: images/, imdb/imdb.mat.
test_cfg = dict(
    train_dataset=dict(type='DTD', data_root='data/dtd', split='train', pipeline=[]))

test_dataloader = dict(dataset=dict(type='DTD', data_root='data/dtd'))
