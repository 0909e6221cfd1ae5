_base_ = '../_base_/transfer_r50.py'

# Food-101 as it is unpacked: images/, meta/train.txt, meta/test.txt.
test_cfg = dict(
    train_dataset=dict(type='Food101', data_root='data/food-101', split='train', pipeline=[]))

test_dataloader = dict(dataset=dict(type='Food101', data_root='data/food-101'))
