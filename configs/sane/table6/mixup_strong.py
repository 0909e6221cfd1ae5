# Table 6 of the paper, CIFAR-10, strong augmentation: MoCo and vanilla mixup, of two strongly augmented query views: 93.3 %
# linear.
_base_ = './momentum_mixup_strong.py'

model = dict(mixup=dict(mate='further'))
