# Fashion-MNIST, 60,000 + 10,000 grey images of 28 x 28, made smaller: 40 epochs then take minutes on one core. The folder is
# that of Debian's package dataset-fashion-mnist; any folder with the four IDX files of the data set (.gz or not) serves.
train_dataloader = dict(
    batch_size=256,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(type='IDXImages', data_root='/usr/share/datasets/fashion-mnist', split='train', image_size=16))

test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(type='IDXImages', data_root='/usr/share/datasets/fashion-mnist', split='test', image_size=16))
