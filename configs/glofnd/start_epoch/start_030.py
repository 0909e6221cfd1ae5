# When filtering starts. The paper is best at 70, its parent; the other values of its sweep are not known: these are ours.
_base_ = '../sogclr_glofnd_r50_1xb128-coslr_200e_in100.py'

model = dict(head=dict(detector=dict(start_epoch=30)))
