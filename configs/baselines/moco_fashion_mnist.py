# As simclr_fashion_mnist.py in all but the framework.
_base_ = './simclr_fashion_mnist.py'

model = dict(
    type='MoCoAdapter',
    queue_len=4096,  # at most an eighth of the images: 60,000 / 8 = 7,500
    momentum=0.99,
    same_image='negative',
    empty='negative')
