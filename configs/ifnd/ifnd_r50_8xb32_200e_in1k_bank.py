_base_ = './ifnd_r50_8xb32_200e_in1k.py'

# Clusters what the training steps have encoded: no extra pass, at features of augmented views that are up to an epoch old.
# k-means goes on from the clustering before, which cost no NMI, MTPR or 1-shot accuracy on the digits (docs/benchmarks.md).
default_hooks = dict(false_negative=dict(source='bank', kmeans=dict(init='previous')))  # ours
