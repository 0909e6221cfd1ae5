_base_ = [
    '../_base_/datasets/cifar10.py',
    '../_base_/models/moco_r18_cifar.py',
    '../_base_/schedules/sgd_200e_cosine_cifar.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)  # 1 GPU x 256 images a step

default_hooks = dict(checkpoint=dict(interval=20))
