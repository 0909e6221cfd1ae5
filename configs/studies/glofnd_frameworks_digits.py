# Learned thresholds in SimCLR and in MoCo, where the candidates are the queue. Temperatures: docs/temperatures_digits.md.
_base_ = './glofnd_digits.py'

title = 'GloFND in SimCLR and MoCo on scikit-learn digits'

methods = dict(
    _delete_=True,
    simclr=dict(label='SimCLR', config='configs/baselines/simclr_digits.py'),
    simclr_glofnd=dict(label='SimCLR + GloFND', config='configs/glofnd/simclr_glofnd_digits.py'),
    simclr_ifnd=dict(label='SimCLR + IFND full at half', config='configs/ifnd/ifnd_simclr_digits_full-at-half.py'),
    moco=dict(label='MoCo', config='configs/baselines/moco_digits.py'),
    moco_glofnd=dict(label='MoCo + GloFND', config='configs/glofnd/moco_glofnd_digits.py'),
    moco_ifnd=dict(label='MoCo + IFND full at half', config='configs/ifnd/ifnd_moco_digits_full-at-half.py'))

comparisons = [
    ('simclr_glofnd', 'simclr', 'shot_1'),
    ('simclr_glofnd', 'simclr_ifnd', 'shot_1'),
    ('moco_glofnd', 'moco', 'shot_1'),
    ('moco_glofnd', 'moco_ifnd', 'shot_1'),
    ('moco_ifnd', 'moco', 'shot_1'),
]
figure_run = 'moco_glofnd'
