"""Names that are imported on first use: nothing heavy before, all of them exist, and clear words without OpenMMLab."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmpretrain', 'sklearn', 'scipy', 'matplotlib', 'faiss', 'kornia', 'rich',
         'numpy', 'PIL')
BLOCKED = '''
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('mmengine', 'mmcv', 'mmpretrain'):
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Blocked())
'''


def run(script):
    return subprocess.run([sys.executable, '-W', 'ignore', '-c', script], capture_output=True, text=True, cwd=ROOT, timeout=300)


ALL_HELP = '''
import contextlib
from mmifnd.cli import COMMANDS, main
for arguments in (['--help'], ['--version'], ['trian'], *([name, '--help'] for name in COMMANDS)):
    with contextlib.suppress(SystemExit):
        main(arguments)
'''


def test_only_figures_import_scikit_learn_or_statistics_with_their_module():
    """Each start of a training would wait a second for them: functions import what they need."""
    top = re.compile(r'^(?:import|from) (?:sklearn|scipy\.stats)', re.MULTILINE)
    package = ROOT / 'mmifnd'
    rooms = {path.relative_to(package).parts[0] for path in package.rglob('*.py') if top.search(path.read_text())}
    assert rooms == {'visualization'}


@pytest.mark.parametrize('statement', ['import mmifnd.apis, mmifnd.configuration', ALL_HELP])
def test_nothing_heavy_is_imported(statement):
    done = run(f'{statement}\nimport sys\nprint(sorted({set(HEAVY)!r} & set(sys.modules)))')
    assert done.stdout.splitlines()[-1:] == ['[]'], done.stdout + done.stderr


@pytest.mark.parametrize('package', ['mmifnd.apis', 'mmifnd.configuration'])
def test_every_name_is_there(package):
    module = import_module(package)
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        value = getattr(module, name)
        assert getattr(module, name) is value and not hasattr(value, '__path__')
    submodules = {path.stem for path in Path(module.__path__[0]).glob('*.py')}
    assert not submodules & set(module.__all__)  # importing it would put the module in the name's place
    with pytest.raises(AttributeError, match='has no attribute'):
        module.nothing  # noqa: B018


def test_a_name_that_needs_openmmlab_says_how_to_get_it():
    done = run(f'{BLOCKED}\nfrom mmifnd.apis import pretrain')
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "MissingExtra: mmengine is not installed; pip install 'mmifnd[openmmlab]', or in a checkout: "
        "pip install -e '.[openmmlab]'")


def test_a_subcommand_that_needs_openmmlab_says_so_in_one_line():
    done = run(f"{BLOCKED}\nfrom mmifnd.cli import main\nmain(['test', 'ifnd/ifnd_simclr_digits', 'none.pth'])")
    assert done.returncode == 2 and done.stderr.startswith("error: mmengine is not installed; pip install 'mmifnd[openmmlab]'")
    assert done.stderr.count('\n') == 1
