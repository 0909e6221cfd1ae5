# SogCLR + FNC on CC3M. The paper: DataComp 24.55 %, retrieval 29.69 %, ImageNet and variants 18.69 %.
_base_ = './sogclr_rn50_8xb128-coslr_37e_cc3m.py'

# 1 of 1,023 negatives of each row. The paper's alpha and start are not recoverable; these are GloFND's.
model = dict(head=dict(detector=dict(type='BatchQuantileDetector', alpha=5e-4, start_epoch=15)))
