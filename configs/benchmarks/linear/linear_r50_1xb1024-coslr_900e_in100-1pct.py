_base_ = './linear_r50_1xb1024-coslr_285e_in100-10pct.py'

train_dataloader = dict(dataset=dict(fraction=0.01))
train_cfg = dict(max_epochs=900)
