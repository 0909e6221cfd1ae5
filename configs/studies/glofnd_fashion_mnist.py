# Detectors inside SogCLR on a part of Fashion-MNIST. Temperatures, in the configs, were chosen on images of the training
# file that no run is trained on, by `python tools/select_temperature.py` and this file (docs/temperatures_fashion_mnist.md).
# Where the images lie elsewhere, both tools take it from --cfg-options {train,test}_dataloader.dataset.data_root=FOLDER.
title = 'Detectors inside SogCLR on 3,000 images of Fashion-MNIST'
dataset = 'Fashion-MNIST at 16 pixels: the first 3,000 training images, 10,000 held out'
selection = {'test_dataloader.dataset.split': 'train', 'test_dataloader.dataset.max_images': -2000}

options = {
    'train_dataloader.dataset.max_images': 3000,
    'train_cfg.max_epochs': 60,
    'default_hooks.checkpoint.interval': 60,
    'default_hooks.detection.interval': 11}  # the last of an epoch's 11 steps

methods = dict(
    sogclr=dict(label='SogCLR', config='configs/glofnd/sogclr_fashion_mnist.py'),
    random=dict(label='+ random control', config='configs/glofnd/sogclr_random_fashion_mnist.py', rate_from='ifnd'),
    fnc=dict(label='+ FNC', config='configs/glofnd/sogclr_fnc_fashion_mnist.py'),
    glofnd=dict(label='+ GloFND', config='configs/glofnd/sogclr_glofnd_fashion_mnist.py'),
    single=dict(label='+ GloFND, one threshold', config='configs/glofnd/sogclr_glofnd_single_fashion_mnist.py'),
    margin=dict(label='+ margin', config='configs/glofnd/sogclr_margin_fashion_mnist.py'),
    ifnd=dict(label='+ IFND full at half', config='configs/glofnd/sogclr_ifnd_fashion_mnist.py'),
    oracle=dict(label='+ oracle', config='configs/glofnd/sogclr_oracle_fashion_mnist.py'))

measures = dict(
    shot_1=dict(label='1-shot', unit='%', higher_is_better=True),
    shot_5=dict(label='5-shot', unit='%', higher_is_better=True),
    knn=dict(label='kNN', unit='%', higher_is_better=True),
    linear=dict(label='linear', unit='%', higher_is_better=True),
    nmi=dict(label='NMI', unit='%', higher_is_better=True),
    step_precision_micro=dict(label='precision', unit='%', higher_is_better=True),
    step_recall_micro=dict(label='recall', unit='%', higher_is_better=True),
    step_f1_micro=dict(label='F1', unit='%', higher_is_better=True),
    step_predicted_share=dict(label='predicted share', unit='%', higher_is_better=None),
    threshold_mae=dict(label='threshold error', unit='cosine', higher_is_better=False))

comparisons = [
    ('glofnd', 'sogclr', 'shot_1'),
    ('fnc', 'sogclr', 'shot_1'),
    ('ifnd', 'sogclr', 'shot_1'),
    ('glofnd', 'fnc', 'shot_1'),
    ('glofnd', 'fnc', 'step_f1_micro'),
    ('glofnd', 'single', 'shot_1'),
    ('margin', 'sogclr', 'shot_1'),
    ('random', 'sogclr', 'shot_1'),
]
figure_run = 'ifnd'
