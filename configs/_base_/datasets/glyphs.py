# Characters of many fonts, drawn by tools/dataset_converters/make_glyphs.py: 4,000 grey images of 16 x 16 pixels, for any
# number of classes. No family of fonts is in two splits.
train_dataloader = dict(
    batch_size=256,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(type='Glyphs', data_file='data/glyphs_16.npz', split='train', num_classes=62, max_images=4000))

test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(type='Glyphs', data_file='data/glyphs_16.npz', split='test', num_classes=62, max_images=4000))
