# SogCLR + GloFND on ImageNet-100: linear top-1 77.59 %, mean over label fractions 63.36 % in the paper.
_base_ = './sogclr_r50_1xb128-coslr_200e_in100.py'

# alpha: 100 balanced classes. From epoch 70 on an image is visited 130 times, and each step of Adam is at most 0.05 long.
# The detector's defaults are ours where the released code's thresholds jitter, or start too slowly: the rate decays and Adam
# counts the visits of each image. The released code:
#   --cfg-options model.head.detector.decay=constant model.head.detector.bias_correction=epoch
model = dict(head=dict(detector=dict(_delete_=True, type='QuantileThresholdDetector', alpha=0.01, start_epoch=70)))
