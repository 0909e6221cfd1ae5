# Who is more similar than the anchor's learned threshold, or has its pseudo label.
_base_ = './simclr_glofnd_digits.py'

model = dict(
    head=dict(
        detector=dict(
            _delete_=True,
            type='UnionDetector',
            detectors=dict(
                thresholds=dict(
                    type='QuantileThresholdDetector', alpha=0.1, initialization='batch_quantile', start_epoch=10),
                labels=dict(type='PseudoLabelDetector')))))
default_hooks = dict(false_negative=dict(acceptance=dict(scheme='linear', end=1.)))
