# The "single lambda" ablation. The one threshold moves in each step, 1,010 times an epoch, not once.
_base_ = './sogclr_glofnd_r50_1xb128-coslr_200e_in100.py'

model = dict(head=dict(detector=dict(shared=True)))
