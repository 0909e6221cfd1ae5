# As simclr_digits.py in all but the framework.
_base_ = './simclr_digits.py'

model = dict(
    type='MoCoAdapter',
    queue_len=128,  # at most an eighth of the images: 1,297 / 8 = 162
    momentum=0.99,  # 40 epochs x 5 steps = 200 steps are few for 0.999
    same_image='negative',
    empty='negative',
    head=dict(temperature=0.2))  # MoCo v2
