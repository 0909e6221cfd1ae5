"""What an installed package gives: all that the checkout gives, from any folder, out of the sdist as out of the wheel."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mmifnd

ROOT = Path(__file__).parents[1]
LEFT_BEHIND = ('work_dirs', 'data', 'build', 'dist', 'mmifnd.egg-info')
BUILD = 'from setuptools import build_meta; build_meta.build_sdist("dist"); build_meta.build_wheel("dist")'
IN_SDIST = ('tests/conftest.py', 'tests/data/ifnd_golden.npz', 'requirements/constraints.txt', 'docs/design.md', 'LICENSE')
KINDS = dict(wheel='mmifnd-*.whl', sdist='mmifnd-*.tar.gz')
PRETRAIN = '''
from pathlib import Path
import mmifnd
from mmifnd.apis import pretrain
assert Path(mmifnd.__file__).is_relative_to({target!r}), mmifnd.__file__
small = {{'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'log_level': 'ERROR'}}
pretrain('images', 'out', epochs=1, image_size=16, num_workers=0, options=small)
'''


def run(*command, cwd, target=None):
    environment = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    if target is not None:
        environment['PYTHONPATH'] = str(target)
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """Folders into which wheel and sdist, built from a copy of the checkout, are installed."""
    checkout, top = tmp_path_factory.mktemp('copy') / 'checkout', tmp_path_factory.mktemp('installed')
    checkout.mkdir()
    for path in ROOT.iterdir():
        if path.is_dir() and path.name[0] != '.' and path.name not in LEFT_BEHIND:
            shutil.copytree(path, checkout / path.name, ignore=shutil.ignore_patterns('__pycache__'))
        elif path.is_file():
            shutil.copy(path, checkout)
    stale = checkout / 'build/lib/mmifnd/gone.py'  # of an earlier build
    stale.parent.mkdir(parents=True)
    stale.touch()
    run(sys.executable, '-c', BUILD, cwd=checkout)
    for kind, pattern in KINDS.items():
        archive, = (checkout / 'dist').glob(pattern)
        if kind == 'sdist':
            with tarfile.open(archive) as files:
                assert {f'mmifnd-{mmifnd.__version__}/{name}' for name in IN_SDIST} <= set(files.getnames())
        run(sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps', '--no-build-isolation', '--no-index',
            '--disable-pip-version-check', '--target', top / kind, archive, cwd=top)
    return {kind: top / kind for kind in KINDS}


def contents(folder):
    """SHA-256 of each file of the package, by its path."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((folder / 'mmifnd').rglob('*')) if path.is_file() and path.suffix != '.pyc'}


def test_wheel_and_sdist_hold_all_of_the_checkout(installed):
    packaged = contents(installed['wheel'])
    assert packaged == contents(installed['sdist'])
    for folder, prefix in (('mmifnd', 'mmifnd'), ('configs', 'mmifnd/.mim/configs'), ('tools', 'mmifnd/.mim/tools')):
        files = [path for path in (ROOT / folder).rglob('*') if path.is_file() and path.suffix != '.pyc']
        assert files and {f'{prefix}/{path.relative_to(ROOT / folder)}' for path in files} <= set(packaged)
    assert 'mmifnd/py.typed' in packaged and 'mmifnd/gone.py' not in packaged
    metadata = next(installed['wheel'].glob('mmifnd-*.dist-info/METADATA')).read_text()
    assert f'Version: {mmifnd.__version__}\n' in metadata and 'Provides-Extra: openmmlab\n' in metadata
    assert 'Classifier: Typing :: Typed\n' in metadata and 'Project-URL: ' in metadata


def test_the_command_and_the_tools_run_from_an_empty_folder(installed, tmp_path):
    wheel, sdist = installed['wheel'], installed['sdist']
    assert '  pretrain  ' in run(sys.executable, wheel / 'bin' / 'mmifnd', '--help', cwd=tmp_path, target=wheel)
    names = run(sys.executable, '-c', 'from mmifnd.configuration import find_config; '
                'print(find_config("ifnd/ifnd_simclr_digits"))', cwd=tmp_path, target=sdist)
    assert names.strip() == str(sdist / 'mmifnd/.mim/configs/ifnd/ifnd_simclr_digits.py')
    tool = wheel / 'mmifnd/.mim/tools/visualization/schedules.py'
    assert 'usage: python tools/visualization/schedules.py' in run(sys.executable, tool, '--help', cwd=tmp_path, target=wheel)


@pytest.mark.slow
@pytest.mark.parametrize('kind', KINDS)
def test_an_installed_package_pretrains_and_trains_a_shipped_config(installed, tmp_path, kind):
    (tmp_path / 'images').mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (40, 20, 20, 3), dtype=np.uint8)):
        Image.fromarray(pixels).save(tmp_path / f'images/{number}.png')
    target = installed[kind]
    run(sys.executable, '-W', 'ignore', '-c', PRETRAIN.format(target=str(target)), cwd=tmp_path, target=target)
    assert (tmp_path / 'out/epoch_1.pth').is_file() and (tmp_path / 'out/config.py').is_file()
    run(sys.executable, target / 'bin' / 'mmifnd', 'train', 'ifnd/ifnd_simclr_digits', '--cfg-options',
        'train_cfg.max_epochs=2', 'param_scheduler=[]', 'default_hooks.checkpoint.interval=2', cwd=tmp_path, target=target)
    assert (tmp_path / 'work_dirs/ifnd_simclr_digits/epoch_2.pth').is_file()
    assert 'knn' in run(sys.executable, target / 'bin' / 'mmifnd', 'evaluate', 'work_dirs/ifnd_simclr_digits/epoch_2.pth',
                        '--measures', 'knn', cwd=tmp_path, target=target)
