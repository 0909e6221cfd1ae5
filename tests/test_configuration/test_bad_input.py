"""Bad input through the tool itself: one line, status 2, no training."""

import subprocess
import sys

import pytest
import torch

from mmifnd.cli import main

IFND = 'configs/ifnd/ifnd_simclr_digits.py'


def run_tool(*arguments):
    return subprocess.run([sys.executable, '-W', 'ignore', *arguments], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize('arguments, words', [
    (['--cfg-options', 'default_hooks.false_negative.num_clusters=(5000,)'],
     'num_clusters=5000 exceeds the 1297 images of the training set; choose at most 1297'),
    pytest.param(['--cfg-options', 'default_hooks.false_negative.num_clusters=(1,)'],
                 'num_clusters=(1,) must hold a count of at least 2 for each granularity', marks=pytest.mark.slow),
    pytest.param(['--cfg-options', 'model.data_preprocessor.num_views=1'], 'the batch has 1 view of each image',
                 marks=pytest.mark.slow),
    pytest.param(['--cfg-options', 'train_dataloader.batch_size=2000'], 'lower train_dataloader.batch_size',
                 marks=pytest.mark.slow),
])
def test_training_does_not_start(arguments, words, tmp_path):
    done = run_tool('tools/train.py', IFND, '--work-dir', str(tmp_path), *arguments)
    errors = [line for line in done.stderr.splitlines() if line.startswith('error: ')]
    assert done.returncode == 2
    assert len(errors) == 1 and words in errors[0]
    assert 'Traceback' not in done.stderr
    assert not list(tmp_path.glob('*.pth'))


def test_a_missing_folder_is_named_with_the_remedy(tmp_path, capsys):
    with pytest.raises(SystemExit) as ending:
        main(['train', 'configs/ifnd/ifnd_r50_folder.py', '--work-dir', str(tmp_path),
              '--cfg-options', 'train_dataloader.dataset.data_root=no/such'])
    assert ending.value.code == 2
    assert 'error: train_dataloader.dataset.data_root=no/such does not exist' in capsys.readouterr().err


def test_a_checkpoint_of_another_model_is_refused(tmp_path, capsys, restored_torch):
    torch.save(dict(state_dict=dict(weight=torch.zeros(1))), tmp_path / 'other.pth')
    with pytest.raises(SystemExit) as ending:
        main(['test', IFND, str(tmp_path / 'other.pth'), '--work-dir', str(tmp_path)])
    assert ending.value.code == 2
    assert 'does not fit the model' in capsys.readouterr().err
