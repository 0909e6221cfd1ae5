# The paper's "3-layered MLP head" may count input, hidden and output: CLSA's has two linear layers.
_base_ = './sane_r50_8xb32-coslr_200e_in1k_single.py'

model = dict(neck=dict(num_layers=2))
