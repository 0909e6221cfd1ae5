_base_ = './sane_r50_8xb32-coslr_200e_in1k-224px-96px.py'

train_cfg = dict(max_epochs=800)  # 75.7 % top-1, as remembered, the least sure of them
