# Table 7 of the paper, CIFAR-100: PCL with IFND's objective, elimination (Eq. 3), instead of ProtoNCE: 73.1 % top-1.
_base_ = './pcl.py'

model = dict(head=dict(type='ElimContrastiveHead', detector=dict(type='PseudoLabelDetector')))
