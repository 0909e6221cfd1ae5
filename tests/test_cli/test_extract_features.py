"""Features of a training set in a file that a guide takes, for this set only."""

import numpy as np
import pytest
import torch
from pair_runs import pair_run, write_pairs

from mmifnd.apis import build_framework, extract_features
from mmifnd.cli.command import main
from mmifnd.configuration import load_config
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.building import build_dataset
from mmifnd.detectors import GuideDetector

pytestmark = pytest.mark.usefixtures('restored_torch')


@pytest.fixture
def run(tmp_path):
    """Config and checkpoint of an untrained model of pairs."""
    config = pair_run(write_pairs(tmp_path))
    (tmp_path / 'config.py').write_text('\n'.join(f'{key} = {value!r}' for key, value in config.items()))
    torch.manual_seed(0)
    torch.save(dict(state_dict=build_framework(tmp_path / 'config.py').state_dict()), tmp_path / 'epoch_1.pth')
    return tmp_path


@pytest.mark.parametrize('feature, columns', [('t', 6), ('f', 8)])
def test_a_guide_takes_the_file_for_its_set_only(run, capsys, feature, columns):
    config, out = str(run / 'config.py'), str(run / 'guide.npy')
    main(['extract-features', str(run / 'epoch_1.pth'), out, '--of', config, '--config', config, '--feature', feature])
    assert f'24 rows of {columns} dimensions' in capsys.readouterr().out
    data = load_config(config).train_dataloader.dataset.to_dict()
    expected = extract_features(run / 'epoch_1.pth', data, config=config, feature=feature).features
    assert np.allclose(np.load(out), expected.numpy(), atol=2e-3)
    guide = GuideDetector(out, alpha=0.1)
    guide.bind(24)
    guide.bind_fingerprint(IndexedDataset(build_dataset(data)).fingerprint())
    with pytest.raises(ValueError, match='guide.npy'):
        guide.bind_fingerprint('0' * 16)


def test_what_is_no_npy_is_refused(run, capsys):
    with pytest.raises(SystemExit):
        main(['extract-features', str(run / 'epoch_1.pth'), 'guide.npz', '--of', str(run / 'config.py')])
    assert 'guide.npz must end in .npy' in capsys.readouterr().err
