# Table 6 of the paper, CIFAR-10, strong augmentation: MoCo and momentum mixup, the row of Table 4: 94.8 % linear.
_base_ = '../table4/mm.py'
