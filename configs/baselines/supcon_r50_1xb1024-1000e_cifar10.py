# SupCon on CIFAR-10, the oracle of the paper's Table 5: 95.9 % top-1.
_base_ = './simclr_r50_1xb1024-1000e_cifar10.py'

# Images of the anchor's true class are further positives (L_out of SupCon).
model = dict(head=dict(type='AttrContrastiveHead', temperature=0.1, detector=dict(type='GroundTruthDetector')))  # SupCon
