_base_ = '../_base_/transfer_r50.py'

# Oxford-IIIT Pets: images/, annotations/.
test_cfg = dict(
    train_dataset=dict(type='OxfordIIITPet', data_root='data/oxford-iiit-pet', split='trainval', pipeline=[]),
    measures=dict(transfer=dict(score='per_class')))

test_dataloader = dict(dataset=dict(type='OxfordIIITPet', data_root='data/oxford-iiit-pet'))
