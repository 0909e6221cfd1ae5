# The python version of CIFAR-10, in data/cifar10; the images are held as one tensor and augmented by the model's
# data_preprocessor in batches.
train_dataloader = dict(
    batch_size=1024,  # 1 GPU x 1024 images a step (paper: 1024)
    num_workers=0,
    drop_last=True,  # SupContrast keeps the last, smaller batch of an epoch
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(
        type='InMemoryImages', dataset=dict(type='CIFAR10', data_root='data/cifar10', split='train', download=False)))

test_dataloader = dict(
    batch_size=1024,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(
        type='InMemoryImages', dataset=dict(type='CIFAR10', data_root='data/cifar10', split='test', download=False)))
