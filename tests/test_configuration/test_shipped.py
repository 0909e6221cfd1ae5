"""Configs by name, from a checkout and from an installed package."""

from pathlib import Path

import pytest

from mmifnd.configuration import UserError, config_names, find_config, load_config, shipped, shipped_config

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / 'configs/ifnd/ifnd_simclr_digits.py'


@pytest.mark.parametrize('name', [
    'ifnd/ifnd_simclr_digits', 'ifnd/ifnd_simclr_digits.py', 'configs/ifnd/ifnd_simclr_digits.py',
    './configs/ifnd/ifnd_simclr_digits', DIGITS])
def test_a_shipped_config_is_found_from_any_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert find_config(name) == DIGITS
    assert load_config(name).filename == str(DIGITS)


def test_a_file_of_the_user_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / 'ifnd/ifnd_simclr_digits.py'
    own.parent.mkdir()
    own.write_text('')
    assert find_config('ifnd/ifnd_simclr_digits.py').samefile(own)


@pytest.mark.parametrize('name, hint', [
    ('ifnd/ifnd_simclr_digit', 'did you mean ifnd/ifnd_simclr_digits'),
    ('ifnd_simclr_digits.py', 'did you mean ifnd/ifnd_simclr_digits'),
    ('/nowhere/ifnd_simclr_digits.py', 'did you mean ifnd/ifnd_simclr_digits'),
    ('zzz', f'those are in {ROOT / "configs"}')])
def test_near_names_are_given(name, hint):
    for find in (find_config, shipped_config):
        with pytest.raises(UserError, match=f'config {name} does not exist.*{hint}') as error:
            find(name)
        assert '\n' not in str(error.value)


def test_names_are_those_of_all_configs_but_the_parts():
    names = config_names()
    assert 'studies/digits' in names and len(names) > 100 and not [name for name in names if name.startswith('_base_')]
    assert all(shipped_config(name).is_file() for name in names)


def test_an_installed_package_has_its_own_configs(tmp_path, monkeypatch):
    installed = tmp_path / 'mmifnd'
    for folder in (installed / '.mim/configs', tmp_path / 'configs'):
        (folder / '_base_').mkdir(parents=True)
        (folder / '_base_/default_runtime.py').touch()
    monkeypatch.setattr(shipped, '_PACKAGE', installed)
    assert shipped.config_folder() == installed / '.mim/configs'
    monkeypatch.setattr(shipped, '_PACKAGE', tmp_path / 'other')
    assert shipped.config_folder() == tmp_path / 'configs'
    monkeypatch.setattr(shipped, '_PACKAGE', tmp_path / 'other/mmifnd')
    with pytest.raises(UserError, match='has no configs'):
        shipped.config_folder()
