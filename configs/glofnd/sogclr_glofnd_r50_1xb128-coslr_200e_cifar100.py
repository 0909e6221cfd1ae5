_base_ = './sogclr_r50_1xb128-coslr_200e_cifar100.py'

# alpha: a hundredth of the negatives is of the anchor's class. The start is that of ImageNet-100.
# Thresholds of the released code:
#   --cfg-options model.head.detector.decay=constant model.head.detector.bias_correction=epoch
model = dict(head=dict(detector=dict(_delete_=True, type='QuantileThresholdDetector', alpha=0.01, start_epoch=70)))
