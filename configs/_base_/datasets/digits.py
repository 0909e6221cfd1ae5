# scikit-learn's 1,797 scanned digits of 8 x 8 pixels, in its wheel. 500 are never trained on; of the other 1,297 a
# validation split ('train' 1,000 / 'val' 297) chooses settings, 'trainval' is what is reported.
train_dataloader = dict(
    batch_size=256,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(type='Digits', split='trainval'))

test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(type='Digits', split='test'))
