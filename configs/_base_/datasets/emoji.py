# 200 emoji, each drawn by several artists: five for training (887 pairs, 3 steps of 256 an epoch), a sixth, 'val', to choose
# settings and a seventh, 'test', to report. Captions of the training are of name and tags; evaluation takes the name.
train_dataloader = dict(
    batch_size=256,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(
        type='EmojiPairs',
        split='train',
        tokenizer=dict(type='HashTokenizer', buckets=8192, context_length=192)))

test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='keep_batch'),
    dataset=dict(
        type='EmojiPairs',
        split='test',
        text='name',
        tokenizer=dict(type='HashTokenizer', buckets=8192, context_length=192)))
