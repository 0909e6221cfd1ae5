# Table 7 of the paper, CIFAR-100: PCL with IFND's numbers of clusters: 69.9 % top-1.
_base_ = './pcl.py'

default_hooks = dict(false_negative=dict(num_clusters=(100, 300, 1000)))
