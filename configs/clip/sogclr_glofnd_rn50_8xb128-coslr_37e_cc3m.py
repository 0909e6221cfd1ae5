# SogCLR + GloFND on CC3M. The paper: DataComp 25.37 %, retrieval 29.92 %, ImageNet and variants 19.44 %.
_base_ = './sogclr_rn50_8xb128-coslr_37e_cc3m.py'

# alpha and start: the paper's recipe. The released code ends before its first step if it begins at epoch 0, so its runs
# resumed from epoch 15 of SogCLR; here they are one run. Its thresholds:
#   --cfg-options model.head.detector.decay=constant model.head.detector.bias_correction=epoch
model = dict(head=dict(detector=dict(type='QuantileThresholdDetector', alpha=5e-4, start_epoch=15)))
