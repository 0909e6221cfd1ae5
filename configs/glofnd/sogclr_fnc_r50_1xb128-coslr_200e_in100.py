# SogCLR + FNC on ImageNet-100: linear top-1 77.12 %, mean over label fractions 62.60 % in GloFND's paper.
_base_ = './sogclr_r50_1xb128-coslr_200e_in100.py'

# 3 of 254 negatives a row. The paper does not say alpha: 0.01 gives the precision of its Table 2. Nor does it
# say when FNC starts: this is GloFND's epoch.
model = dict(head=dict(detector=dict(_delete_=True, type='BatchQuantileDetector', alpha=0.01, start_epoch=70)))
