_base_ = '../_base_/transfer_r50.py'

# Stanford Cars: cars_train/, cars_test/, devkit/.
test_cfg = dict(
    train_dataset=dict(type='StanfordCars', data_root='data/stanfordcars', split='train', pipeline=[]))

test_dataloader = dict(dataset=dict(type='StanfordCars', data_root='data/stanfordcars'))
