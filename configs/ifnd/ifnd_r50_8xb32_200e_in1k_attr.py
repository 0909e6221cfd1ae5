_base_ = './ifnd_r50_8xb32_200e_in1k.py'

# Pulls the false negatives to the anchor (Eq. 4) instead of removing them; weaker in the paper's Table 6.
model = dict(head=dict(type='AttrContrastiveHead'))
