# The papers' ablations on the digits: acceptance (IFND, Table 6), objective, schedule, clusters and confidence (Table 7),
# features of the bank, halved and doubled numbers of clusters; GloFND's start epoch and alpha, with FNC beside it. All rows
# have one temperature, as the papers' have. IFND's three numbers of clusters are 1, 3 and 10 times the classes; PCL's many
# are 10, 20 and 40 times, since 25, 50 and 100 times are as many as a fifth of the images.
_base_ = './_base_/digits.py'

title = "The papers' ablations on scikit-learn digits"

options = {'model.head.temperature': 0.2}
simclr = 'configs/baselines/simclr_digits.py'
ifnd = 'configs/ifnd/ifnd_simclr_digits.py'
pcl = 'configs/pcl/pcl_simclr_digits.py'
glofnd = 'configs/glofnd/simclr_glofnd_digits.py'
hook = 'default_hooks.false_negative'
many, concentration = {f'{hook}.num_clusters': (100, 200, 400)}, {f'{hook}.confidence': 'concentration'}
three, step = {f'{hook}.num_clusters': (10, 30, 100)}, {f'{hook}.acceptance.scheme': 'step'}

methods = dict(
    none=dict(label='none (SimCLR)', config=simclr),
    constant=dict(label='constant 100 %', config=ifnd, options={f'{hook}.acceptance.scheme': 'constant'}),
    step=dict(label='step to 100 % at a tenth', config=ifnd, options=step),
    linear_25=dict(label='linear to 25 %', config=ifnd, options={f'{hook}.acceptance.end': 0.25}),
    linear_50=dict(label='linear to 50 %', config=ifnd, options={f'{hook}.acceptance.end': 0.5}),
    linear_75=dict(label='linear to 75 %', config=ifnd, options={f'{hook}.acceptance.end': 0.75}),
    linear=dict(label='linear to 100 %', config=ifnd),
    full_at_half=dict(label='linear, full at half', config=ifnd, options={f'{hook}.acceptance.full_at': 0.5}),
    attraction=dict(label='linear to 100 %, attraction', config=ifnd, options={'model.head.type': 'AttrContrastiveHead'}),
    bank=dict(label='linear to 100 %, features of the bank', config=ifnd, options={f'{hook}.source': 'bank'}),
    half_k=dict(label='linear to 100 %, k = 5', config=ifnd, options={f'{hook}.num_clusters': (5,)}),
    double_k=dict(label='linear to 100 %, k = 20', config=ifnd, options={f'{hook}.num_clusters': (20,)}),
    glofnd_10=dict(label='GloFND, alpha 0.1, from epoch 10', config=glofnd),
    glofnd_2=dict(label='GloFND, alpha 0.1, from epoch 2', config=glofnd, options={'model.head.detector.start_epoch': 2}),
    glofnd_25=dict(label='GloFND, alpha 0.1, from epoch 25', config=glofnd, options={'model.head.detector.start_epoch': 25}),
    glofnd_half=dict(label='GloFND, alpha 0.05, from epoch 10', config=glofnd, options={'model.head.detector.alpha': 0.05}),
    glofnd_double=dict(label='GloFND, alpha 0.2, from epoch 10', config=glofnd, options={'model.head.detector.alpha': 0.2}),
    fnc=dict(label='FNC, alpha 0.1, from epoch 10', config=simclr, options={
        'model.head.detector': dict(type='BatchQuantileDetector', alpha=0.1, start_epoch=10)}),
    t7_ifnd=dict(label='IFND: elimination, linear, (10, 30, 100), Eq. 2', config=ifnd, options=three),
    t7_pcl=dict(label='PCL: ProtoNCE, step, (100, 200, 400), Eq. 9', config=pcl, options={**many, **concentration}),
    t7_pcl_elim=dict(label='PCL with elimination', config=ifnd, options={**many, **concentration, **step}),
    t7_ifnd_proto=dict(label='IFND with ProtoNCE', config=pcl, options={
        'model.head.concentration': False, f'{hook}.acceptance.scheme': 'linear'}),
    t7_pcl_linear=dict(label='PCL with a linear schedule', config=pcl, options={
        **many, **concentration, f'{hook}.acceptance.scheme': 'linear'}),
    t7_ifnd_step=dict(label='IFND with a step', config=ifnd, options={**three, **step}),
    t7_pcl_k=dict(label='PCL with (10, 30, 100)', config=pcl, options=concentration),
    t7_ifnd_k=dict(label='IFND with (100, 200, 400)', config=ifnd, options=many),
    t7_ifnd_eq9=dict(label='IFND with Eq. 9', config=ifnd, options={**three, **concentration}))

measures = dict(
    shot_1=dict(label='1-shot', unit='%', higher_is_better=True),
    shot_5=dict(label='5-shot', unit='%', higher_is_better=True),
    knn=dict(label='kNN', unit='%', higher_is_better=True),
    linear=dict(label='linear', unit='%', higher_is_better=True),
    nmi=dict(label='NMI', unit='%', higher_is_better=True),
    mtpr=dict(label='MTPR', unit='%', higher_is_better=True),
    mtnr=dict(label='MTNR', unit='%', higher_is_better=True),
    step_f1_micro=dict(label='F1', unit='%', higher_is_better=True),
    threshold_mae=dict(label='threshold error', unit='cosine', higher_is_better=False))

comparisons = [
    ('linear', 'none', 'shot_1'),
    ('linear', 'constant', 'shot_1'),
    ('linear', 'step', 'shot_1'),
    ('linear', 'linear_25', 'shot_1'),
    ('linear', 'linear_50', 'shot_1'),
    ('linear', 'linear_75', 'shot_1'),
    ('linear', 'attraction', 'shot_1'),
    ('full_at_half', 'linear', 'shot_1'),
    ('bank', 'linear', 'shot_1'),
    ('half_k', 'linear', 'shot_1'),
    ('double_k', 'linear', 'shot_1'),
    ('glofnd_10', 'none', 'shot_1'),
    ('glofnd_10', 'fnc', 'shot_1'),
    ('glofnd_10', 'fnc', 'step_f1_micro'),
    ('glofnd_2', 'glofnd_10', 'shot_1'),
    ('glofnd_25', 'glofnd_10', 'shot_1'),
    ('glofnd_half', 'glofnd_10', 'shot_1'),
    ('glofnd_double', 'glofnd_10', 'shot_1'),
    ('t7_ifnd', 't7_pcl', 'shot_1'),
    ('t7_pcl_elim', 't7_pcl', 'shot_1'),
    ('t7_ifnd_proto', 't7_ifnd', 'shot_1'),
    ('t7_pcl_linear', 't7_pcl', 'shot_1'),
    ('t7_ifnd_step', 't7_ifnd', 'shot_1'),
    ('t7_pcl_k', 't7_pcl', 'shot_1'),
    ('t7_ifnd_k', 't7_ifnd', 'shot_1'),
    ('t7_ifnd_eq9', 't7_ifnd', 'shot_1'),
]
figure_run = 'linear'
