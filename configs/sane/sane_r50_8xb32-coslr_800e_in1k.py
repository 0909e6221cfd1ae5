_base_ = './sane_r50_8xb32-coslr_200e_in1k.py'

train_cfg = dict(max_epochs=800)  # 73.0 % top-1, as remembered
