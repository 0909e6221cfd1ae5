"""Wall 1: losses, clustering, detectors and evaluation are plain PyTorch; anyone can use them without OpenMMLab."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mmifnd

ROOT = Path(mmifnd.__file__).parent
ROOMS = ('functional', 'clustering', 'detectors', 'evaluation')
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob('*.py'))] + [
    ROOT / f'{name}.py' for name in ('contrast', 'checks', 'slots', 'distributed', 'image_table', 'buffers', 'errors', 'parts')]
OUTSIDE = ('mmengine', 'mmcv', 'mmpretrain')
#: Rooms of mmifnd itself that stand above these ones.
ABOVE = tuple(f'mmifnd.{room}' for room in (
    'registry', 'models', 'engine', 'datasets', 'apis', 'compat', 'visualization', 'configuration', 'studies', 'records'))

SIX_LINES = '''
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {outside!r}:
            raise ImportError(name + ' is blocked')

sys.meta_path.insert(0, Blocked())
try:
    import mmengine
except ImportError:
    pass
else:
    raise SystemExit('the block does not work')

import torch
import mmifnd.clustering, mmifnd.contrast, mmifnd.detectors, mmifnd.distributed, mmifnd.evaluation, mmifnd.functional
from mmifnd.contrast import Contrast
from mmifnd.detectors import PseudoLabelDetector
from mmifnd.clustering import ConfidenceAcceptance, KMeans, PseudoLabeler

features = torch.nn.functional.normalize(torch.randn(64, 8, generator=torch.Generator().manual_seed(0)), dim=1)
index = torch.arange(64)
labels = PseudoLabeler((4, 8), ConfidenceAcceptance(), 0.2, KMeans(device='cpu'))(features, progress=1.)
detector = PseudoLabelDetector()
detector.bind(64)
detector.publish(labels)
contrast = Contrast.build(features, features, features, index, index, torch.eye(64, dtype=torch.bool))
loss = mmifnd.functional.elimination_loss(
    contrast.positive_similarity, contrast.negative_similarity, detector.detect(contrast), temperature=0.2)
assert not {outside!r}.intersection(name.split('.')[0] for name in sys.modules)
print('loss', loss.item())
'''


def imported(path):
    """Absolute names that a file imports, relative ones resolved."""
    package = ('mmifnd', *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else ()
            module = '.'.join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f'{module}.{alias.name}' for alias in node.names)


def is_inside(name, packages):
    return any(name == package or name.startswith(package + '.') for package in packages)


def test_the_rooms_work_where_openmmlab_is_missing():
    script = SIX_LINES.replace('{outside!r}', repr(set(OUTSIDE)))
    result = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, cwd=ROOT.parent, timeout=300)
    assert result.returncode == 0, result.stderr
    assert float(result.stdout.split()[-1]) > 0


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_of_the_rooms_imports_openmmlab_or_what_stands_above(path):
    assert [name for name in imported(path) if is_inside(name, OUTSIDE + ABOVE)] == []


def test_the_reader_of_imports_sees_them():
    assert is_inside('mmengine', OUTSIDE) and is_inside('mmcv.ops', OUTSIDE) and not is_inside('mmcvx', OUTSIDE)
    names = set(imported(ROOT / 'models' / 'frameworks' / 'base.py'))
    assert {'mmengine.model.BaseModel', 'mmifnd.registry.MODELS', 'mmifnd.models.frameworks.feature_bank'} <= names
    assert len(FILES) > 20


def test_functional_needs_torch_only():
    allowed = (*sys.stdlib_module_names, 'torch', 'mmifnd.functional', 'mmifnd.checks', 'mmifnd.slots')
    for path in (ROOT / 'functional').rglob('*.py'):
        assert [name for name in imported(path) if not is_inside(name, allowed)] == [], path
