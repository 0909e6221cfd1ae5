_base_ = '../_base_/transfer_r50.py'

# Caltech-101: 101_ObjectCategories/, and the lists meta/train.txt and meta/test.txt, an image and its label a line
# (GloFND: 80 % and 20 % of each class, drawn by seed 42).
test_cfg = dict(
    train_dataset=dict(type='Caltech101', data_root='data/caltech-101', split='train', pipeline=[]),
    measures=dict(transfer=dict(score='per_class')))

test_dataloader = dict(dataset=dict(type='Caltech101', data_root='data/caltech-101'))
