# Table 7 of the paper, CIFAR-100: PCL (ProtoNCE, step schedule, many clusters, its own confidence): 72.8 % top-1.
_base_ = '../ifnd_simclr_r50_1xb1024-1000e_cifar100.py'

model = dict(head=dict(type='ProtoNCEHead', detector=dict(type='NoDetector')))

default_hooks = dict(
    false_negative=dict(
        num_clusters=(2500, 5000, 10000), confidence='concentration', acceptance=dict(scheme='step')))
