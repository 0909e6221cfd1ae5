_base_ = '../baselines/moco_digits.py'

# As simclr_glofnd_digits.py. The candidates are the queue; neither the image's own older keys nor slots that no key has
# filled yet belong to the similarities whose quantile is sought.
model = dict(
    same_image='exclude',
    empty='exclude',
    head=dict(
        type='GloFNDThresholdHead',
        temperature=0.1,
        detector=dict(
            _delete_=True,
            type='QuantileThresholdDetector',
            alpha=0.1,
            initialization='batch_quantile',
            start_epoch=10)))
