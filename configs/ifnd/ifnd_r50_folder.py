# Your own images, without labels: any files below data/images, or
#   --cfg-options train_dataloader.dataset.data_root=DIR test_dataloader.dataset.data_root=DIR
# Measures that need labels are left out by themselves.
_base_ = './ifnd_r50_8xb32_200e_in1k.py'

# With folders of classes: with_label=True for both; then a fifth of each class is held out of the training, and judged.
train_dataloader = dict(
    dataset=dict(type='SplitFolder', split='trainval', data_root='data/images', data_prefix='', with_label=False))
test_dataloader = dict(
    dataset=dict(type='SplitFolder', split='test', data_root='data/images', data_prefix='', with_label=False))

model = dict(queue_len=4096)  # at most an eighth of the images is a good size

# A few hundred images are enough for these. With 50,000 or more:
#   --cfg-options "default_hooks.false_negative.num_clusters=(100,300,1000)"
default_hooks = dict(false_negative=dict(num_clusters=(10, 30, 100)))

auto_scale_lr = dict(enable=True)  # whatever the number of GPUs

test_cfg = dict(
    measures=dict(
        linear=dict(type='LinearProbe', l2=1e-4), few_shot=dict(type='FewShotProbe', shots=(1, 5), num_draws=50, l2=1e-2)))
