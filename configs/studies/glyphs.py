# Few and many classes of characters, run by run, on CPUs or a GPU: the same data, network and arms as
# tools/benchmarks/glyph_study.py, which trains hundreds of them at a time, and whose temperatures these are
# (docs/claims.md). First: python tools/dataset_converters/make_glyphs.py FOLDER_WITH_FONTS --out data/glyphs_16.npz
title = 'Few and many classes of characters'
dataset = 'glyphs of 744 fonts: 4,000 images of 26 families, tested on 14 others'
selection = {'test_dataloader.dataset.split': 'val'}

glyphs = 'configs/baselines/simclr_glyphs.py'
# Accuracies from a handful of labels are not shown here, and take minutes at 200 classes.
options = {'train_cfg.max_epochs': 80, 'default_hooks.checkpoint.interval': 80, 'default_hooks.false_negative.interval': 3,
           'test_cfg.measures.few_shot': None}
accepted = {'default_hooks.false_negative.acceptance': dict(scheme='linear', end=1.)}

cells = {
    f'c{number}': dict(label=f'{number} classes', options={
        'train_dataloader.dataset.num_classes': number,
        'test_dataloader.dataset.num_classes': number,
        'test_dataloader.dataset.max_images': tested,
        'default_hooks.false_negative.num_clusters': (number,)})
    for number, tested in ((10, None), (62, 4000), (200, 4000))}  # 14 families have 1,958 images of digits

methods = dict(
    simclr=dict(label='SimCLR', config=glyphs, temperatures=dict(c10=0.5, c62=0.2, c200=0.1)),
    ifnd=dict(label='IFND, k = C', config=glyphs, temperatures=dict(c10=0.5, c62=0.2, c200=0.1), options={
        **accepted, 'model.head.detector.type': 'PseudoLabelDetector'}),
    ifnd_half=dict(label='IFND, k = C, full at half', config=glyphs, temperatures=dict(c10=0.5, c62=0.2, c200=0.1), options={
        'default_hooks.false_negative.acceptance': dict(scheme='linear', end=1., full_at=0.5),
        'model.head.detector.type': 'PseudoLabelDetector'}),
    oracle=dict(label='oracle', config=glyphs, temperatures=dict(c10=0.1, c62=0.1, c200=0.1), options={
        'model.head.detector.type': 'GroundTruthDetector'}),
    supcon=dict(label='SupCon', config=glyphs, temperatures=dict(c10=0.2, c62=0.2, c200=0.1), options={
        'model.head.type': 'AttrContrastiveHead', 'model.head.detector.type': 'GroundTruthDetector'}))

measures = dict(
    knn=dict(label='kNN', unit='%', higher_is_better=True),
    linear=dict(label='linear', unit='%', higher_is_better=True),
    nmi=dict(label='NMI', unit='%', higher_is_better=True),
    step_false_mass=dict(label='mass of false negatives', unit='%', higher_is_better=None))

comparisons = [
    *((f'ifnd_c{number}', f'simclr_c{number}', 'knn') for number in (10, 62, 200)),
    *((f'ifnd_half_c{number}', f'ifnd_c{number}', 'knn') for number in (10, 62, 200))]
gaps = [('oracle', 'simclr', 'knn'), ('supcon', 'simclr', 'knn')]
figure_run = 'ifnd_c10'
