_base_ = './simclr_digits.py'

# The lower control: pairs removed at random. A study gives the rates of an IFND run, one for each epoch.
model = dict(head=dict(detector=dict(_delete_=True, type='RandomDetector', rate=0.05)))
