"""One flipped bit of a weight is noticed by everything that reads a checkpoint; only the resume did so before."""

import pytest
import torch
from mmengine.runner import load_checkpoint

from mmifnd.apis import build_framework, evaluate, load_backbone, shipped_config
from mmifnd.checkpoint_file import DamagedError, damage_of
from mmifnd.cli.command import main
from mmifnd.converters import export_backbone, import_model
from mmifnd.converters.export import torch_bytes
from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.models.backbones import SmallCNN
from mmifnd.models.backbones.library import load_weights

CONFIG = shipped_config('baselines/simclr_digits')


@pytest.fixture(scope='module')
def flipped(tmp_path_factory):
    """A checkpoint of the digits, with one bit of a weight changed; torch loads it without a word."""
    path = tmp_path_factory.mktemp('run') / 'epoch_1.pth'
    state = build_framework(CONFIG).state_dict()
    AtomicFileBackend().put(torch_bytes(dict(meta=dict(epoch=1, iter=5), state_dict=state)), path)
    content = bytearray(path.read_bytes())
    name = next(key for key, value in state.items() if value.numel() > 100)
    place = content.find(state[name].numpy().tobytes())
    content[place + 3] ^= 2
    path.write_bytes(content)
    assert not torch.equal(torch.load(path, weights_only=True)['state_dict'][name], state[name])
    return path


@pytest.mark.parametrize('read', [
    load_backbone, import_model, lambda path: export_backbone(path, path.with_name('out.pth')),
    lambda path: evaluate(path, CONFIG), lambda path: build_framework(CONFIG, path),
    lambda path: load_checkpoint(torch.nn.Linear(1, 1), str(path)), lambda path: load_weights(SmallCNN(), str(path))],
    ids=['load_backbone', 'import', 'export', 'evaluate', 'features and audit', 'load_from and init_cfg', 'library'])
def test_a_flipped_bit_is_noticed(flipped, read):
    with pytest.raises(DamagedError, match=r'epoch_1.pth is damaged \(wrong checksum of [^\n]*\); use an earlier one$'):
        read(flipped)
    assert not flipped.with_name('out.pth').exists()


def test_the_tools_say_so_in_one_line(flipped, tmp_path, capsys):
    assert 'is damaged (wrong checksum of' in damage_of(flipped)
    for arguments in (['test', str(CONFIG), str(flipped)], ['train', str(CONFIG), '--resume', str(flipped)]):
        with pytest.raises(SystemExit) as end:
            main([*arguments, '--work-dir', str(tmp_path)])
        error = capsys.readouterr().err.strip().splitlines()
        assert end.value.code == 2 and 'error: checkpoint' in error[-1] and 'is damaged (wrong checksum of' in error[-1]
