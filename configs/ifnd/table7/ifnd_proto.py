# Table 7 of the paper, CIFAR-100: IFND with PCL's objective, ProtoNCE, instead of elimination: 73.4 % top-1. Concentrations
# belong to PCL's confidence, so that all prototypes have the temperature of the loss (ours; the paper does not say).
_base_ = '../ifnd_simclr_r50_1xb1024-1000e_cifar100.py'

model = dict(head=dict(type='ProtoNCEHead', concentration=False, detector=dict(type='NoDetector')))
