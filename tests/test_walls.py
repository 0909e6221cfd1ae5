"""The walls: rooms that anyone can use without OpenMMLab, and imports that only go down."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mmifnd

ROOT = Path(mmifnd.__file__).parent
OUTSIDE = ('mmengine', 'mmcv', 'mmpretrain')

#: The order of rooms, from the ground up, as docs/design.md shows it. An import goes down, or to a room of the same line, and
#: never in a circle.
ORDER = (
    ('errors', '_lazy', 'checks', 'console', 'contrast', 'buffers', 'slots', 'parts', 'distributed', 'ranks', 'image_table',
     'machine', 'text', 'shortage', 'files', 'places', 'foreign', 'checkpoint_file'),
    ('functional', 'records'),
    ('clustering', 'evaluation'),
    ('detectors',),
    ('registry', 'compat'),
    ('datasets',),
    ('models',),
    ('engine',),
    ('visualization', 'converters'),
    ('configuration',),
    ('studies',),
    ('apis',),
    ('cli', '__main__'),
)
#: The same for the folders of engine/.
ENGINE_ORDER = (
    ('batch_norm', 'config_text', 'host_copy', 'loader_workers', 'optimizers', 'progress', 'task_utils', 'time_left'),
    ('checkpoints', 'features'),
    ('metrics',),
    ('loops',),
    ('hooks',),
    ('runner',),
)
#: Lines of ORDER that import nothing of OpenMMLab.
PLAIN = [room for line in ORDER[:4] for room in line]
FILES = [path for path in sorted(ROOT.rglob('*.py')) if path.relative_to(ROOT).parts[0].removesuffix('.py') in PLAIN]

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
def test_no_file_of_the_rooms_imports_openmmlab(path):
    assert [name for name in imported(path) if is_inside(name, OUTSIDE)] == []


# --- the order of rooms ---------------------------------------------------------------------------------------------


def arrows(folder):
    """(room, other room, file) of each import between the rooms of a folder of the package."""
    prefix = '.'.join(['mmifnd', *folder.relative_to(ROOT).parts]) + '.'
    rooms = {path.stem for path in folder.iterdir() if path.suffix == '.py' or (path / '__init__.py').is_file()}
    for path in sorted(folder.rglob('*.py')):
        room = path.relative_to(folder).parts[0].removesuffix('.py')
        others = {name.removeprefix(prefix).split('.')[0] for name in imported(path) if name.startswith(prefix)}
        yield from ((room, other, str(path.relative_to(ROOT))) for other in sorted(others & rooms - {room, '__init__'}))


def faults(order, found):
    """Imports of rooms that the order does not name, that go upward, or that close a circle within a line."""
    level = {room: number for number, line in enumerate(order) for room in line}
    found = [(room, other, path) for room, other, path in found if room != '__init__']
    wrong = [arrow for arrow in found if not {*arrow[:2]} <= set(level) or level[arrow[1]] > level[arrow[0]]]
    below = {}
    for room, other, _ in found:
        below.setdefault(room, set()).add(other)
    return wrong + [room for room in sorted(below) if room in reached(below, room)]


def reached(below, start):
    """All that is imported by ``start``, and by what it imports."""
    seen, waiting = set(), [start]
    while waiting:
        new = below.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return seen


def test_imports_between_rooms_go_down():
    assert faults(ORDER, arrows(ROOT)) == []


def test_imports_between_the_folders_of_the_engine_go_down():
    assert faults(ENGINE_ORDER, arrows(ROOT / 'engine')) == []


@pytest.mark.parametrize('folder, order', [(ROOT, ORDER), (ROOT / 'engine', ENGINE_ORDER)])
def test_every_room_has_its_place(folder, order):
    rooms = {path.stem for path in folder.iterdir() if path.suffix == '.py' or (path / '__init__.py').is_file()}
    assert rooms - {'__init__'} == {room for line in order for room in line}


@pytest.mark.parametrize('order, title', [(ORDER, '## Rooms'), (ENGINE_ORDER, '### Folders of the engine')])
def test_the_plan_shows_the_order(order, title):
    shown = (ROOT.parent / 'docs' / 'design.md').read_text().split(f'\n{title}\n')[1].split('\n#')[0]
    lines = [line.split() for line in shown.splitlines() if line.startswith('    ')]
    assert [tuple(line) for line in lines] == list(order)


def test_the_order_finds_what_is_wrong():
    order = (('ground',), ('a', 'b', 'c'), ('top',))
    assert faults(order, [('top', 'a', '1'), ('a', 'b', '2'), ('b', 'ground', '3')]) == []
    assert faults(order, [('ground', 'top', '1')]) == [('ground', 'top', '1')]
    assert faults(order, [('a', 'b', '1'), ('b', 'c', '2'), ('c', 'a', '3')]) == ['a', 'b', 'c']
    assert faults(order, [('attic', 'a', '1')]) == [('attic', 'a', '1')]


def test_the_reader_of_imports_sees_them():
    assert is_inside('mmengine', OUTSIDE) and is_inside('mmcv.ops', OUTSIDE) and not is_inside('mmcvx', OUTSIDE)
    names = set(imported(ROOT / 'models' / 'frameworks' / 'base.py'))
    assert {'mmengine.model.BaseModel', 'mmifnd.registry.MODELS', 'mmifnd.models.frameworks.feature_bank'} <= names
    assert len(FILES) > 20


def test_functional_needs_torch_only():
    allowed = (*sys.stdlib_module_names, 'torch', 'mmifnd.functional', 'mmifnd.checks', 'mmifnd.slots', 'mmifnd.errors')
    for path in (ROOT / 'functional').rglob('*.py'):
        assert [name for name in imported(path) if not is_inside(name, allowed)] == [], path


def test_records_need_numpy_only():
    below = [f'mmifnd.{room}' for room in ORDER[0]]
    for path in (ROOT / 'records').rglob('*.py'):
        allowed = (*sys.stdlib_module_names, 'numpy', 'mmifnd.records', *below)
        assert [name for name in imported(path) if not is_inside(name, allowed)] == [], path
