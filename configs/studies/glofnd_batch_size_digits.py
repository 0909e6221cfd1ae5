# The study glofnd_digits.py at several batch sizes and alphas; the learning rate is the same. Each row has its own best
# temperature, chosen as docs/temperatures_digits.md says; the one that starts at 1 has that of the one that does not.
_base_ = './glofnd_digits.py'

title = 'Detectors inside SogCLR on scikit-learn digits: batch size and alpha'

cells = dict(
    b32=dict(label='batch 32', options={'train_dataloader.batch_size': 32}),
    b256=dict(label='batch 256', options={'train_dataloader.batch_size': 256}),
    b32_05=dict(
        label='batch 32, alpha 0.05',
        options={'train_dataloader.batch_size': 32, 'model.head.detector.alpha': 0.05}),
    b256_05=dict(
        label='batch 256, alpha 0.05',
        options={'train_dataloader.batch_size': 256, 'model.head.detector.alpha': 0.05}),
    b32_10=dict(
        label='batch 32, alpha 0.1',
        options={'train_dataloader.batch_size': 32, 'model.head.detector.alpha': 0.1}),
    b256_10=dict(
        label='batch 256, alpha 0.1',
        options={'train_dataloader.batch_size': 256, 'model.head.detector.alpha': 0.1}))

methods = dict(
    sogclr=dict(temperatures=dict(b32=0.5, b256=0.5)),
    random=dict(temperatures=dict(b32=0.5, b256=0.5)),
    margin=dict(temperatures=dict(b32=0.5, b256=0.5)),
    ifnd=dict(temperatures=dict(b32=0.5, b256=0.2)),
    oracle=dict(temperatures=dict(b32=0.5, b256=0.2)),
    fnc=dict(temperatures=dict(b32_05=0.5, b256_05=0.5, b32_10=0.5, b256_10=0.2)),
    single=dict(
        label='+ single threshold',
        config='configs/glofnd/sogclr_glofnd_single_digits.py',
        temperatures=dict(b32_05=0.5, b256_05=0.5, b32_10=0.2, b256_10=0.2)),
    glofnd=dict(temperatures=dict(b32_05=0.5, b256_05=0.5, b32_10=0.2, b256_10=0.2)),
    glofnd_from_1=dict(
        label='+ GloFND from 1',
        config='configs/glofnd/sogclr_glofnd_digits.py',
        options={'model.head.detector.initialization': 'one'},
        temperatures=dict(b32_10=0.2, b256_10=0.2)))

measures = dict(
    nmi=dict(in_table=False),
    step_predicted_share=dict(in_table=True),
    threshold_mae=dict(label='threshold error', unit='cosine', higher_is_better=False))

comparisons = [
    ('glofnd_b32_05', 'fnc_b32_05', 'step_f1_micro'),
    ('glofnd_b32_10', 'fnc_b32_10', 'step_f1_micro'),
    ('glofnd_b256_05', 'fnc_b256_05', 'step_f1_micro'),
    ('glofnd_b256_10', 'fnc_b256_10', 'step_f1_micro'),
    ('glofnd_b32_05', 'fnc_b32_05', 'shot_1'),
    ('glofnd_b32_10', 'fnc_b32_10', 'shot_1'),
    ('glofnd_b256_05', 'fnc_b256_05', 'shot_1'),
    ('glofnd_b256_10', 'fnc_b256_10', 'shot_1'),
    ('glofnd_b32_05', 'single_b32_05', 'step_f1_micro'),
    ('glofnd_b32_10', 'single_b32_10', 'step_f1_micro'),
    ('glofnd_b256_05', 'single_b256_05', 'step_f1_micro'),
    ('glofnd_b256_10', 'single_b256_10', 'step_f1_micro'),
    ('glofnd_b32_05', 'single_b32_05', 'shot_1'),
    ('glofnd_b32_10', 'single_b32_10', 'shot_1'),
    ('glofnd_b256_05', 'single_b256_05', 'shot_1'),
    ('glofnd_b256_10', 'single_b256_10', 'shot_1'),
    ('glofnd_b32_10', 'ifnd_b32', 'shot_1'),
    ('glofnd_b256_10', 'ifnd_b256', 'shot_1'),
    ('random_b32', 'sogclr_b32', 'shot_1'),
]
figure_run = 'glofnd_b32_10'
