_base_ = './clip_emoji.py'

# Texts are clustered every third epoch; their labels serve both directions. There are 200 emoji.
model = dict(head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))

default_hooks = dict(
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(200,),
        interval=3,
        cluster_feature='t',
        acceptance=dict(type='ConfidenceAcceptance', scheme='linear', end=1.)))
