import pytest

from mmifnd.apis import UserError
from mmifnd.configuration import load_config
from mmifnd.configuration.check_data import check_data

NESTED = dict(type='ConcatDataset', datasets=[dict(data_root=''), dict(type='GroupedFolder', groups='no/such.csv')])


@pytest.mark.parametrize('dataset, where', [
    (dict(type='Digits', groups='no/such.csv'), 'train_dataloader.dataset'), (NESTED, 'train_dataloader.dataset.datasets.1')])
def test_a_missing_file_of_groups_is_named_with_the_remedy(dataset, where):
    with pytest.raises(UserError, match=f'{where}.groups=no/such.csv does not exist; .* --cfg-options {where}.groups=FILE'):
        check_data(dict(train_dataloader=dict(dataset=dataset)), 'train_dataloader')


def test_folder_and_file_are_there(tmp_path):
    (tmp_path / 'groups.csv').write_text('path,group\n')
    config = load_config('configs/ifnd/ifnd_group_folder.py', {
        'train_dataloader.dataset.data_root': str(tmp_path), 'train_dataloader.dataset.groups': str(tmp_path / 'groups.csv')})
    check_data(config, 'train_dataloader')
