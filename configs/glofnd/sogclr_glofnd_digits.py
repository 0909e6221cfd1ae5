_base_ = './sogclr_digits.py'

# As simclr_glofnd_digits.py.
model = dict(
    head=dict(
        temperature=0.2,
        detector=dict(
            _delete_=True,
            type='QuantileThresholdDetector',
            alpha=0.1,
            initialization='batch_quantile',
            start_epoch=10)))
