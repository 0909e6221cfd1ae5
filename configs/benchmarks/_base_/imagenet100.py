# The classes of a list; see configs/_base_/datasets/imagenet100_glofnd.py for which.
_base_ = './imagenet.py'

train_dataloader = dict(
    batch_size=1024,  # 1 GPU x 1024 images a step
    dataset=dict(type='ClassSubset', class_list='data/imagenet100.txt'))

val_dataloader = dict(dataset=dict(type='ClassSubset', class_list='data/imagenet100.txt'))

test_dataloader = val_dataloader
