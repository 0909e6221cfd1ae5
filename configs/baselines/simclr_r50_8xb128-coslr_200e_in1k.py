# SimCLR on ImageNet without a queue: the first row of IFND's Table 5, 65.1 % top-1 at depth 18. The paper leaves batch,
# epochs and learning rate of that table open. Ours: 1024 images a step, as on CIFAR (SupCon needs several images of a class
# in a step, and 256 images of 1000 classes seldom have them); 200 epochs and the views of MoCo v2, as in the paper's other
# ImageNet rows (SimCLR's crops begin at a scale of 0.08, and its jitter is twice as strong); LARS, as in SimCLR.
_base_ = [
    '../_base_/datasets/imagenet_mocov2.py',
    '../_base_/models/simclr_r50.py',
    '../_base_/schedules/lars_200e_sqrt.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=128)  # 8 GPUs x 128 = 1024 images a step
optim_wrapper = dict(optimizer=dict(lr=2.4))  # 0.075 x sqrt(1024), SimCLR
auto_scale_lr = dict(base_batch_size=1024)

# Probes on all of ImageNet are trainings of their own; these measures need no more than features.
test_cfg = dict(
    measures=dict(
        _delete_=True,
        knn=dict(type='KNNAccuracy', k=20, temperature=0.07),
        nmi=dict(type='ClusteringNMI', num_runs=5),
        detection=dict(type='DetectionRates', max_anchors=2048)))
