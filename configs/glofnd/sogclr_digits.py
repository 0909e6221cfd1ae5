_base_ = '../baselines/simclr_digits.py'

model = dict(head=dict(type='SogCLRHead'))
