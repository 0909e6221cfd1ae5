_base_ = './clip_oracle_emoji.py'

# The same pairs attracted instead.
model = dict(head=dict(type='AttrContrastiveHead'))
