# FastCLIP-v3 + FNC on CC3M. The paper: DataComp 24.63 %, retrieval 28.87 %, ImageNet and variants 18.51 %.
_base_ = './fastclip_rn50_8xb128-coslr_37e_cc3m.py'

# 2 of 1,023 negatives of each row. The paper's alpha and start are not recoverable; these are GloFND's.
model = dict(head=dict(detector=dict(type='BatchQuantileDetector', alpha=1e-3, start_epoch=20)))
