# Table 7 of the paper, CIFAR-100: IFND with PCL's numbers of clusters: 73.2 % top-1.
_base_ = '../ifnd_simclr_r50_1xb1024-1000e_cifar100.py'

default_hooks = dict(false_negative=dict(num_clusters=(2500, 5000, 10000)))
