_base_ = './finetune_r50_4xb64-steplr_20e_in1k-1pct.py'

train_dataloader = dict(dataset=dict(fraction=0.1))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'head.fc': dict(lr_mult=10.)}))  # 0.01 and 0.1
