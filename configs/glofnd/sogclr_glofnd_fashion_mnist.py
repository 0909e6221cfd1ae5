_base_ = './sogclr_fashion_mnist.py'

# A tenth of the negatives is of the anchor's class. Each image is seen about once an epoch, and a step of Adam is 0.05
# long: from 1, thresholds would need a third of the training; the first batch's quantile is a better start.
model = dict(
    head=dict(
        temperature=0.2,
        detector=dict(
            _delete_=True,
            type='QuantileThresholdDetector',
            alpha=0.1,
            initialization='batch_quantile',
            start_epoch=10)))
