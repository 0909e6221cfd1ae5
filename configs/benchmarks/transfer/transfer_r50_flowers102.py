_base_ = '../_base_/transfer_r50.py'

# Flowers-102: jpg/, imagelabels.mat, setid.mat; 1,020 images to learn from.
test_cfg = dict(
    train_dataset=dict(type='Flowers102', data_root='data/flowers', split='train', pipeline=[]),
    measures=dict(transfer=dict(score='per_class')))

test_dataloader = dict(dataset=dict(type='Flowers102', data_root='data/flowers'))
