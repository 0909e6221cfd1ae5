# SogCLR on image-text pairs (FastCLIP-v1). GloFND's paper: DataComp 24.87 %, retrieval 29.28 %, ImageNet and variants
# 18.86 %.
_base_ = './clip_rn50_8xb128-coslr_37e_cc3m.py'

# temperature 0.03: GloFND's script (its README leaves it out). gamma falls to 0.2 as half a cosine over half of the epochs.
model = dict(
    head=dict(
        _delete_=True, type='FastCLIPHead', version='v1', temperature=0.03, gamma=0.2, gamma_epochs=18,
        detector=dict(type='NoDetector')))
