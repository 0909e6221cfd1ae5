_base_ = './sogclr_digits.py'

model = dict(
    head=dict(temperature=0.2, detector=dict(_delete_=True, type='BatchQuantileDetector', alpha=0.1, start_epoch=10)))
