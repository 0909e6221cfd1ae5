# Detectors inside SogCLR at batch 256. Temperatures: `python tools/select_temperature.py configs/studies/glofnd_digits.py`.
_base_ = './_base_/digits.py'

title = 'Detectors inside SogCLR on scikit-learn digits'

methods = dict(
    sogclr=dict(label='SogCLR', config='configs/glofnd/sogclr_digits.py'),
    random=dict(label='+ random control', config='configs/glofnd/sogclr_random_digits.py', rate_from='ifnd'),
    fnc=dict(label='+ FNC', config='configs/glofnd/sogclr_fnc_digits.py'),
    glofnd=dict(label='+ GloFND', config='configs/glofnd/sogclr_glofnd_digits.py'),
    margin=dict(label='+ margin', config='configs/glofnd/sogclr_margin_digits.py'),
    ifnd=dict(label='+ IFND full at half', config='configs/glofnd/sogclr_ifnd_digits.py'),
    oracle=dict(label='+ oracle', config='configs/glofnd/sogclr_oracle_digits.py'))

measures = dict(
    shot_1=dict(label='1-shot', unit='%', higher_is_better=True),
    knn=dict(label='kNN', unit='%', higher_is_better=True),
    linear=dict(label='linear', unit='%', higher_is_better=True),
    nmi=dict(label='NMI', unit='%', higher_is_better=True),
    step_precision_micro=dict(label='precision', unit='%', higher_is_better=True),
    step_recall_micro=dict(label='recall', unit='%', higher_is_better=True),
    step_f1_micro=dict(label='F1', unit='%', higher_is_better=True),
    step_predicted_share=dict(label='predicted share', unit='%', higher_is_better=None, in_table=False))

comparisons = [
    ('glofnd', 'sogclr', 'shot_1'),
    ('fnc', 'sogclr', 'shot_1'),
    ('glofnd', 'fnc', 'shot_1'),
    ('glofnd', 'fnc', 'step_f1_micro'),
    ('ifnd', 'sogclr', 'shot_1'),
    ('random', 'sogclr', 'shot_1'),
]
figure_run = 'ifnd'
