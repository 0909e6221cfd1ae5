_base_ = '../_base_/features_r50.py'

# PASCAL VOC 2007 in data/VOCdevkit/VOC2007, learned from trainval and judged on test, by PCL's protocol (cost 0.5).
test_cfg = dict(
    train_dataset=dict(type='VOC', data_root='data/VOCdevkit/VOC2007', split='trainval', pipeline=[]),
    measures=dict(svm=dict(type='LinearSVM', costs=(0.5,), difficult='negative', folds=0, shots=())))

test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VOC',
        data_root='data/VOCdevkit/VOC2007',
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
