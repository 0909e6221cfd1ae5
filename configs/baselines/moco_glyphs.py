# As simclr_glyphs.py in all but the framework.
_base_ = './simclr_glyphs.py'

model = dict(
    type='MoCoAdapter',
    queue_len=256,
    momentum=0.99,  # 80 epochs x 15 steps = 1,200 steps are few for 0.999
    same_image='exclude',  # a long queue holds many images twice, and these are no false negatives
    empty='negative')
