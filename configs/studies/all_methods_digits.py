# Every method of the project in its framework, but SANE: see sane_digits.py. Temperatures: docs/temperatures_digits.md.
_base_ = './_base_/digits.py'

title = 'All methods on scikit-learn digits'

methods = dict(
    simclr=dict(label='SimCLR', config='configs/baselines/simclr_digits.py'),
    simclr_pcl=dict(label='PCL (SimCLR)', config='configs/pcl/pcl_simclr_digits.py'),
    simclr_glofnd=dict(label='GloFND (SimCLR)', config='configs/glofnd/simclr_glofnd_digits.py'),
    simclr_ifnd=dict(label='IFND full at half (SimCLR)', config='configs/ifnd/ifnd_simclr_digits_full-at-half.py'),
    supcon=dict(label='SupCon (SimCLR, true labels)', config='configs/baselines/supcon_simclr_digits.py'),
    oracle=dict(label='oracle (SimCLR, true labels)', config='configs/baselines/simclr_oracle_digits.py'),
    moco=dict(label='MoCo', config='configs/baselines/moco_digits.py'),
    moco_pcl=dict(label='PCL (MoCo)', config='configs/pcl/pcl_moco_digits.py'),
    moco_sce=dict(label='SCE (MoCo)', config='configs/sce/sce_moco_digits.py'),
    moco_glofnd=dict(label='GloFND (MoCo)', config='configs/glofnd/moco_glofnd_digits.py'),
    moco_ifnd=dict(label='IFND full at half (MoCo)', config='configs/ifnd/ifnd_moco_digits_full-at-half.py'),
    moco_sce_ifnd=dict(label='SCE + IFND (MoCo)', config='configs/sce/sce_ifnd_moco_digits.py'),
    swav=dict(label='SwAV', config='configs/swav/swav_digits.py'),
    swav_ifnd=dict(label='IFND full at half (SwAV)', config='configs/ifnd/ifnd_swav_digits_full-at-half.py'),
    sogclr=dict(label='SogCLR', config='configs/glofnd/sogclr_digits.py'),
    sogclr_fnc=dict(label='FNC (SogCLR)', config='configs/glofnd/sogclr_fnc_digits.py'),
    sogclr_glofnd=dict(label='GloFND (SogCLR)', config='configs/glofnd/sogclr_glofnd_digits.py'))

measures = dict(
    shot_1=dict(label='1-shot', unit='%', higher_is_better=True),
    shot_5=dict(label='5-shot', unit='%', higher_is_better=True),
    knn=dict(label='kNN', unit='%', higher_is_better=True),
    linear=dict(label='linear', unit='%', higher_is_better=True),
    nmi=dict(label='NMI', unit='%', higher_is_better=True))

# The orders that the papers report.
comparisons = [
    ('supcon', 'simclr_ifnd', 'shot_1'),
    ('simclr_ifnd', 'simclr', 'shot_1'),
    ('simclr_pcl', 'simclr', 'shot_1'),
    ('simclr_ifnd', 'simclr_pcl', 'shot_1'),
    ('moco_ifnd', 'moco', 'shot_1'),
    ('moco_pcl', 'moco', 'shot_1'),
    ('moco_ifnd', 'moco_pcl', 'shot_1'),
    ('moco_sce', 'moco', 'shot_1'),
    ('swav_ifnd', 'swav', 'shot_1'),
    ('sogclr_glofnd', 'sogclr', 'shot_1'),
    ('sogclr_glofnd', 'sogclr_fnc', 'shot_1'),
]
figure_run = 'moco_ifnd'
