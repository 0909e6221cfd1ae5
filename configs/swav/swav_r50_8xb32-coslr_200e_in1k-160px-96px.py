# SwAV: 72.0 % top-1 in the paper of IFND.
_base_ = [
    '../_base_/datasets/imagenet_swav.py',
    '../_base_/models/swav_r50.py',
    '../_base_/schedules/lars_200e_cosine.py',
    '../_base_/default_runtime.py',
]

# Probes on all of ImageNet are trainings of their own; these measures need no more than features.
test_cfg = dict(
    measures=dict(
        _delete_=True,
        knn=dict(type='KNNAccuracy', k=20, temperature=0.07),
        nmi=dict(type='ClusteringNMI', num_runs=5),
        detection=dict(type='DetectionRates', max_anchors=2048)))
