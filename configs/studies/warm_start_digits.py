# Warm starts (kmeans.init=previous) against cold restarts, with features of an exact pass and of the bank; also the bank
# against the pass. 30, 100 and 300 clusters: with fewer than 30, a warm start is accompanied by restarts.
_base_ = './_base_/digits.py'

title = 'Warm starts of k-means on scikit-learn digits'

methods = dict(
    cold=dict(label='pass, cold restarts', config='configs/ifnd/ifnd_simclr_digits.py', options={
        'default_hooks.false_negative.num_clusters': (30, 100, 300)}),
    warm=dict(label='pass, warm start', config='configs/ifnd/ifnd_simclr_digits.py', options={
        'default_hooks.false_negative.num_clusters': (30, 100, 300),
        'default_hooks.false_negative.kmeans': dict(init='previous')}),
    bank_cold=dict(label='bank, cold restarts', config='configs/ifnd/ifnd_simclr_digits.py', options={
        'default_hooks.false_negative.num_clusters': (30, 100, 300), 'default_hooks.false_negative.source': 'bank'}),
    bank_warm=dict(label='bank, warm start', config='configs/ifnd/ifnd_simclr_digits.py', options={
        'default_hooks.false_negative.num_clusters': (30, 100, 300), 'default_hooks.false_negative.source': 'bank',
        'default_hooks.false_negative.kmeans': dict(init='previous')}))

measures = dict(
    shot_1=dict(label='1-shot', unit='%', higher_is_better=True),
    shot_5=dict(label='5-shot', unit='%', higher_is_better=True),
    knn=dict(label='kNN', unit='%', higher_is_better=True),
    linear=dict(label='linear', unit='%', higher_is_better=True),
    nmi=dict(label='NMI', unit='%', higher_is_better=True),
    mtpr=dict(label='MTPR', unit='%', higher_is_better=True),
    mtnr=dict(label='MTNR', unit='%', higher_is_better=True))

comparisons = [
    ('warm', 'cold', 'nmi'),
    ('warm', 'cold', 'mtpr'),
    ('warm', 'cold', 'shot_1'),
    ('bank_warm', 'bank_cold', 'nmi'),
    ('bank_warm', 'bank_cold', 'mtpr'),
    ('bank_warm', 'bank_cold', 'shot_1'),
    ('bank_cold', 'cold', 'nmi'),
    ('bank_cold', 'cold', 'mtpr'),
    ('bank_cold', 'cold', 'shot_1'),
]
figure_run = 'warm'
