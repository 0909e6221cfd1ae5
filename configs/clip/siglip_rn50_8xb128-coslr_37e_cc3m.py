# The sigmoid loss on CC3M. Scale 10 and bias -10 at the start, both learned: SigLIP (Zhai et al., ICCV 2023). Towers and
# schedule are those of the other rows, so that the loss alone differs; SigLIP's own have ViTs and 32,768 pairs a step.
_base_ = './clip_rn50_8xb128-coslr_37e_cc3m.py'

model = dict(
    head=dict(
        _delete_=True, type='SigmoidHead', temperature=0.1, learned_temperature=dict(), bias=-10., learned_bias=True,
        detector=dict(type='NoDetector')))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'head.bias': dict(decay_mult=0.)}))
