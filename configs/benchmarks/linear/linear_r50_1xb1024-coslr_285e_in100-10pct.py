_base_ = './linear_r50_1xb1024-coslr_90e_in100.py'

# The test images are many more than those that are learned from: asked every tenth epoch, and the last one counts.
train_dataloader = dict(dataset=dict(fraction=0.1))
train_cfg = dict(max_epochs=285, val_interval=10)
default_hooks = dict(checkpoint=dict(interval=10))
