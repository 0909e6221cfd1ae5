# "3-layer MLP" may count input, hidden and output, as the code that SANE is based on does: MoCo v2's two linear layers.
_base_ = './ifnd_r50_8xb32_200e_in1k.py'

model = dict(neck=dict(num_layers=2))
