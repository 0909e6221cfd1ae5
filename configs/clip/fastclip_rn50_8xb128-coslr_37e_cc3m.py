# FastCLIP-v3 on CC3M. GloFND's paper: DataComp 24.76 %, retrieval 30.36 %, ImageNet and variants 19.08 %.
_base_ = './clip_rn50_8xb128-coslr_37e_cc3m.py'

# 0.07 at the start, rho 6.5; gamma as in sogclr_rn50.
model = dict(
    head=dict(
        _delete_=True, type='FastCLIPHead', version='v3', temperature=0.07, rho=6.5, gamma=0.2, gamma_epochs=18,
        detector=dict(type='NoDetector')))

# The temperature's own rate: 2e-4, neither warmed up nor decayed, a third of it while the temperature is at most 0.03.
default_hooks = dict(temperature_rate=dict(type='TemperatureRateHook', learning_rate=2e-4, below=0.03, factor=1 / 3))
