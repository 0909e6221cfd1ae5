# Your own images that come in groups: frames of one video, pictures of one patient, product or caption. Images of one group
# are false negatives from the first epoch on; the clusterings add theirs. data/groups.csv says who belongs together:
#   path,group
#   a/0001.jpg,video 17
# Other columns: --cfg-options train_dataloader.dataset.group_column=patient
_base_ = './ifnd_r50_folder.py'

train_dataloader = dict(dataset=dict(groups='data/groups.csv'))
test_dataloader = dict(dataset=dict(groups='data/groups.csv'))  # so that images of one group stay on one side
model = dict(
    head=dict(
        detector=dict(
            _delete_=True,
            type='UnionDetector',
            detectors=dict(groups=dict(type='GroupDetector'), labels=dict(type='PseudoLabelDetector')))))
