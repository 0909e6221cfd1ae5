# MoCo v2 in IFND's recipe (3-layer head, steps): what IFND adds is then all that differs. As published (67.5 % in the
# paper's tables) it has the cosine and 2 layers: mocov2_r50_8xb32-coslr_200e_in1k.py and its child with _mlp2.
_base_ = [
    '../_base_/datasets/imagenet_mocov2.py',
    '../_base_/models/moco_r50.py',
    '../_base_/schedules/sgd_200e_step.py',
    '../_base_/default_runtime.py',
]

# Probes on all of ImageNet are trainings of their own; these measures need no more than features.
test_cfg = dict(
    measures=dict(
        _delete_=True,
        knn=dict(type='KNNAccuracy', k=20, temperature=0.07),
        nmi=dict(type='ClusteringNMI', num_runs=5),
        detection=dict(type='DetectionRates', max_anchors=2048)))
