"""An exported image-text model gives the same features in open_clip."""

import pytest
import torch
from shard_files import TINY_CLIP

from mmifnd.cli.command import main
from mmifnd.configuration.shipped import shipped_config
from mmifnd.converters import export_open_clip
from mmifnd.errors import UserError
from mmifnd.registry import MODELS

open_clip = pytest.importorskip('open_clip')
pytestmark = pytest.mark.usefixtures('restored_torch')
NO_TEMPERATURE = dict(type='mmifnd.ElimContrastiveHead', temperature=0.05, detector=dict(type='mmifnd.NoDetector'))


def framework(head, model=TINY_CLIP):
    torch.manual_seed(0)
    neck = dict(type='mmifnd.PassThrough', channels=12)
    return MODELS.build(dict(
        type='mmifnd.CLIPAdapter', backbone=dict(type='mmifnd.OpenCLIPImage', model=model), neck=neck,
        text_backbone=dict(type='mmifnd.OpenCLIPText', model=model), text_neck=neck, head=head)).eval()


def saved(folder, trained):
    torch.save(dict(state_dict=trained.state_dict()), folder / 'epoch_1.pth')
    return folder / 'epoch_1.pth'


@pytest.mark.parametrize('head, scale', [
    (NO_TEMPERATURE, 20.), (dict(type='mmifnd.SigmoidHead', temperature=0.1, learned_temperature={}, learned_bias=True), 10.)])
def test_features_are_equal(tmp_path, head, scale):
    trained = framework(head)
    file, config = export_open_clip(saved(tmp_path, trained), tmp_path / 'ours.pth', TINY_CLIP, head['temperature'])
    open_clip.add_model_config(config.rename(tmp_path / f'ours-{scale:.0f}.json'))
    loaded = open_clip.create_model(f'ours-{scale:.0f}', pretrained=str(file), require_pretrained=True).eval()
    images = torch.randn(5, 3, 32, 32)
    texts = open_clip.tokenize(['a red fox', 'an owl', 'two cats on a sofa'])
    with torch.no_grad():
        assert (loaded.encode_image(images, normalize=True) - trained.encode_image(images)).abs().max() < 1e-6
        assert (loaded.encode_text(texts, normalize=True) - trained.encode_text(texts)).abs().max() < 1e-6
    assert loaded.logit_scale.exp().item() == pytest.approx(scale, rel=1e-5)


def test_the_command_takes_the_model_from_the_config(tmp_path, capsys):
    trained = framework(NO_TEMPERATURE)
    saved(tmp_path, trained)
    (tmp_path / 'config.py').write_text(
        f"_base_ = '{shipped_config('clip/clip_rn50_8xb128-coslr_37e_cc3m.py')}'\ntiny = {TINY_CLIP}\n"
        'model = dict(backbone=dict(model=dict(tiny, _delete_=True)), text_backbone=dict(model=dict(tiny, _delete_=True)))\n')
    out = tmp_path / 'out.pth'
    main(['export', str(tmp_path / 'epoch_1.pth'), str(out), '--to', 'open_clip', '--config', str(tmp_path / 'config.py')])
    assert capsys.readouterr().out.split() == [str(out), str(tmp_path / 'out.json')]
    state = torch.load(out, weights_only=True)['state_dict']
    assert {'visual.proj', 'token_embedding.weight', 'text_projection', 'logit_scale'} <= set(state)


def test_what_open_clip_cannot_hold_is_refused(tmp_path):
    state = framework(NO_TEMPERATURE).state_dict()
    file = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict={name: value for name, value in state.items() if not name.startswith('text')}), file)
    with pytest.raises(UserError, match='holds no towers of open_clip'):
        export_open_clip(file, tmp_path / 'out.pth', 'RN50')
    torch.save(dict(state_dict={**state, 'neck.linear.weight': torch.zeros(1)}), file)
    with pytest.raises(UserError, match='has layers behind the towers'):
        export_open_clip(file, tmp_path / 'out.pth', 'RN50')
    with pytest.raises(UserError, match='must end in .pth or .pt'):
        export_open_clip(file, tmp_path / 'out.pkl', 'RN50')
