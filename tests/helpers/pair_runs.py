"""Runs on image-text pairs that take a second. For processes of their own, too: no fixtures."""

import numpy as np


def write_pairs(folder):
    """24 grey pictures of four patterns in ``pairs.npz``, with captions that name the pattern."""
    draw = np.random.default_rng(0)
    labels = np.arange(24) % 4
    patterns = draw.integers(0, 200, (4, 1, 8, 8))
    images = (patterns[labels] + draw.integers(0, 50, (24, 1, 8, 8))).astype(np.uint8)
    names = np.array(['cat', 'dog', 'fox', 'owl'])[labels]
    captions = np.array([f'{name} number {number}' for number, name in enumerate(names)])
    np.savez(folder / 'pairs.npz', images=images, captions=captions, labels=labels)
    return folder


def pair_run(folder, epochs=2, head=None, hook=None, tokenizer=None, text_backbone=None, **dataset):
    """A run of two steps an epoch."""
    source = dict(type='InMemoryPairs', file=str(folder / 'pairs.npz'),
                  tokenizer=tokenizer or dict(type='HashTokenizer', buckets=99, context_length=12), **dataset)
    loader = dict(batch_size=12, num_workers=0, collate_fn=dict(type='keep_batch'), drop_last=True, dataset=source,
                  sampler=dict(type='DefaultSampler', shuffle=True))
    return dict(
        model=dict(
            type='CLIPAdapter', data_preprocessor=dict(type='TensorPairsPreprocessor', mean=[0.3], std=[0.4]),
            backbone=dict(type='SmallCNN', widths=(4, 8)), neck=dict(type='LinearProjection', in_channels=8, out_channels=6),
            text_backbone=text_backbone or dict(type='TokenBag', vocab_size=100, width=8),
            text_neck=dict(type='LinearProjection', in_channels=8, out_channels=6),
            head=head or dict(type='FastCLIPHead', detector=dict(type='QuantileThresholdDetector', alpha=0.2))),
        train_dataloader=loader, param_scheduler=[dict(type='CosineAnnealingLR', T_max=epochs)],
        train_cfg=dict(type='EpochLoop', max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.1),
                           paramwise_cfg=dict(custom_keys={'log_scale': dict(lr_mult=0.2, decay_mult=0.)})),
        default_hooks=dict(timer=dict(type='IterTimerHook'), logger=dict(type='LoggerHook', interval=1),
                           checkpoint=dict(type='CheckpointHook', interval=1), runtime_info=dict(type='RuntimeInfoHook'),
                           plain_checkpoint=dict(type='PlainCheckpointHook'), detection=dict(type='DetectionHook', interval=1),
                           health=dict(type='HealthHook', max_images=24), non_finite=dict(type='NonFiniteHook'),
                           **({'false_negative': hook} if hook else {})),
        default_scope='mmifnd', randomness=dict(seed=3), work_dir=str(folder / 'run'), log_level='WARNING')
