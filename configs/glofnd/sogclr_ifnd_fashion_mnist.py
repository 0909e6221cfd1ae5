_base_ = './sogclr_fashion_mnist.py'

model = dict(head=dict(detector=dict(_delete_=True, type='PseudoLabelDetector')))

# All labels are accepted at half time: what serves short trainings on few classes.
default_hooks = dict(
    false_negative=dict(
        type='FalseNegativeHook',
        num_clusters=(10, 30, 100),
        acceptance=dict(type='ConfidenceAcceptance', scheme='linear', start=0., end=1., full_at=0.5)))
