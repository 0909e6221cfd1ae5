# What a queue changes: more negatives, of which as large a share is false. MoCo on characters with short and long queues,
# with and without the true false negatives, at one temperature (docs/claims.md). First:
# python tools/dataset_converters/make_glyphs.py FOLDER_WITH_FONTS --out data/glyphs_16.npz
_base_ = './glyphs.py'

title = "MoCo's queue on few and many classes of characters"

moco = 'configs/baselines/moco_glyphs.py'
cells = dict(
    _delete_=True,
    **{f'c{number}_q{keys}': dict(label=f'{number} classes, queue of {keys:,}', options={
        'train_dataloader.dataset.num_classes': number,
        'test_dataloader.dataset.num_classes': number,
        'test_dataloader.dataset.max_images': tested,
        'default_hooks.false_negative.num_clusters': (number,),
        'model.queue_len': keys}) for number, tested in ((10, None), (200, 4000)) for keys in (256, 2048)})

same = {cell: 0.2 for cell in ('c10_q256', 'c10_q2048', 'c200_q256', 'c200_q2048')}
methods = dict(
    _delete_=True,
    moco=dict(label='MoCo', config=moco, temperatures=same),
    oracle=dict(label='oracle', config=moco, temperatures=same, options={'model.head.detector.type': 'GroundTruthDetector'}))

comparisons = [(f'oracle_{cell}', f'moco_{cell}', 'knn') for cell in ('c10_q256', 'c10_q2048', 'c200_q256', 'c200_q2048')]
gaps = [('oracle', 'moco', 'knn')]
figure_run = 'moco_c10_q256'
