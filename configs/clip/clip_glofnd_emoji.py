_base_ = './clip_emoji.py'

# 0.4 % of the negatives show the anchor's emoji. A pair is seen about once an epoch, so thresholds start at the quantile of
# the first batch instead of at 1.
model = dict(
    head=dict(
        detector=dict(
            _delete_=True,
            type='QuantileThresholdDetector',
            alpha=0.004,
            initialization='batch_quantile',
            start_epoch=24)))
