_base_ = './linear_r50_1xb1024-coslr_900e_in100-1pct.py'

train_dataloader = dict(dataset=dict(fraction=0.001))  # an image a class, of classes of 1,000 and more
