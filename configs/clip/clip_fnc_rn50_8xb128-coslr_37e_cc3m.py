# CLIP without each row's most similar negatives (the FNC of GloFND's tables, here in plain InfoNCE): 1 of 1,023.
_base_ = './clip_rn50_8xb128-coslr_37e_cc3m.py'

# alpha and start: those of sogclr_fnc_rn50. Ours; the paper has no such row.
model = dict(head=dict(detector=dict(type='BatchQuantileDetector', alpha=5e-4, start_epoch=15)))
