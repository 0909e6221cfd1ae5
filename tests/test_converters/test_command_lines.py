"""The two tools: what they print, and one line for what they cannot use."""

import runpy
import sys
from pathlib import Path

import pytest
import torch
from resnets import resnet, save_as_ours
from torchvision.models import resnet18

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'model_converters'


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a tool in this process; its output."""

    def call(name, *args):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        runpy.run_path(str(TOOLS / name), run_name='__main__')
        return capsys.readouterr().out

    return call


def test_import_then_export(run, tmp_path):
    theirs = resnet18().state_dict()
    torch.save(theirs, tmp_path / 'resnet18.pth')
    printed = run('import_checkpoint.py', tmp_path / 'resnet18.pth', tmp_path / 'ours.pth')
    assert printed == f'{tmp_path}/ours.pth: layout resnet, 120 tensors\nnot used: fc.weight, fc.bias\n'
    assert run('export_backbone.py', tmp_path / 'ours.pth', tmp_path / 'out.pth', '--to', 'timm') == f'{tmp_path}/out.pth\n'
    assert torch.equal(torch.load(tmp_path / 'out.pth', weights_only=True)['conv1.weight'], theirs['conv1.weight'])


@pytest.mark.parametrize('arguments, message', [
    (('none.pth', 'out.pth'), 'checkpoint none.pth does not exist'),
    (('ours.pth', 'out.pth', '--encoder', 'key'), 'checkpoint ours.pth has no key encoder'),
    (('ours.pth', 'out.bin'), 'must end in .pth for the layout mmpretrain')])
def test_one_line_for_bad_input(arguments, message, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_as_ours(tmp_path / 'ours.pth', backbone=resnet())
    with pytest.raises(SystemExit) as stop:
        run('export_backbone.py', *arguments)
    printed = capsys.readouterr().err
    assert stop.value.code == 2 and printed.startswith('error: ') and message in printed and printed.count('\n') == 1
