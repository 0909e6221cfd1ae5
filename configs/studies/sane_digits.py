# SANE on scikit-learn digits: its parts (the paper's Table 4), vanilla against momentum mixup (Table 6), and the key set of
# its Eq. 4 for the baseline, too. Temperatures: docs/temperatures_digits.md.
_base_ = './_base_/digits.py'

title = 'SANE on scikit-learn digits'

methods = dict(
    moco=dict(label='MoCo', config='configs/baselines/moco_digits.py'),
    moco_fresh=dict(label='MoCo, fresh keys', config='configs/sane/moco_fresh-keys_digits.py'),
    sane_no_mixup=dict(
        label='refined labels alone', config='configs/sane/sane_moco_digits.py', options={'model.mixup': None}),
    mixup=dict(
        label='vanilla mixup alone', config='configs/sane/moco_fresh-keys_digits.py',
        options={'model.mixup': dict(type='MomentumMixup', beta=2., mate='query')}),
    momentum_mixup=dict(
        label='momentum mixup alone', config='configs/sane/moco_fresh-keys_digits.py',
        options={'model.mixup': dict(type='MomentumMixup', beta=2.)}),
    sane_p=dict(label='SANE without q', config='configs/sane/sane_moco_digits.py', options={'model.head.parts': ['p']}),
    sane_q=dict(label='SANE without p', config='configs/sane/sane_moco_digits.py', options={'model.head.parts': ['q']}),
    sane=dict(label='SANE', config='configs/sane/sane_moco_digits.py'),
    sane_ifnd=dict(label='SANE + IFND', config='configs/sane/sane_ifnd_moco_digits.py'))

measures = dict(
    shot_1=dict(label='1-shot', unit='%', higher_is_better=True),
    shot_5=dict(label='5-shot', unit='%', higher_is_better=True),
    knn=dict(label='kNN', unit='%', higher_is_better=True),
    linear=dict(label='linear', unit='%', higher_is_better=True),
    nmi=dict(label='NMI', unit='%', higher_is_better=True))

comparisons = [
    ('moco_fresh', 'moco', 'shot_1'),
    ('sane_no_mixup', 'moco_fresh', 'shot_1'),
    ('momentum_mixup', 'moco_fresh', 'shot_1'),
    ('momentum_mixup', 'mixup', 'shot_1'),
    ('sane', 'momentum_mixup', 'shot_1'),
    ('sane', 'moco_fresh', 'shot_1'),
    ('sane_ifnd', 'sane', 'shot_1'),
]
figure_run = 'sane'
