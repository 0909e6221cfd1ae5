# Table 5 of the paper, SupCon, the oracle: true labels at depth 18, all 1000 classes; 71.5 % top-1.
_base_ = './simclr.py'

model = dict(head=dict(type='AttrContrastiveHead', detector=dict(type='GroundTruthDetector')))
