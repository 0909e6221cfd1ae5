# DeepCluster's row of IFND's Table 4: NMI of five k-means runs of 1,000 clusters on the training images with the classes,
# 43.2 in the paper, which does not say of which released network and feature. Here: VGG16 and what DeepCluster clusters; for
# AlexNet: --cfg-options model.backbone.arch=alexnet
_base_ = '../wordnet/depths_r50_in1k.py'

model = dict(backbone=dict(_delete_=True, type='DeepClusterNet', arch='vgg16'))

test_cfg = dict(
    measures=dict(_delete_=True, nmi=dict(type='ClusteringNMI', num_clusters=1000, num_runs=5, feature='f')))
