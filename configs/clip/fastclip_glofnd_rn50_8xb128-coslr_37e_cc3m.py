# FastCLIP-v3 + GloFND on CC3M. The paper: DataComp 25.37 %, retrieval 30.22 %, ImageNet and variants 19.38 %.
_base_ = './fastclip_rn50_8xb128-coslr_37e_cc3m.py'

# alpha and start: the paper's recipe. For the released code's thresholds see sogclr_glofnd_rn50.
model = dict(head=dict(detector=dict(type='QuantileThresholdDetector', alpha=1e-3, start_epoch=20)))
