"""The files that the fuzzer damages, and how each of them is read."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from mmifnd.apis.auditing import _read as read_features
from mmifnd.checkpoint_file import read_checkpoint
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.class_subset import ClassSubset
from mmifnd.datasets.fingerprint import changes_between
from mmifnd.datasets.group_files import read_group_array
from mmifnd.datasets.load_image import LoadImageFromFile
from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.records.lines import add_record
from mmifnd.records.names import DETECTION, HEALTH, HISTORY, ONLINE
from mmifnd.records.run_record import RunRecord, without_damaged
from mmifnd.records.snapshot import write_snapshot
from mmifnd.records.steps import Removed, write_steps

REFUSED, LEFT_OUT = 'refused', 'left out'
IMAGES = 12


class Outcome(NamedTuple):
    """What a reader gave.

    Attributes:
        value (object): comparable by ``==``.
        said (str): a line about what was left out or has changed; '' for none.
        kind (str): how a case with such a line ends.
    """

    value: object
    said: str = ''
    kind: str = LEFT_OUT


@dataclass
class Subject:
    """A file to damage.

    Attributes:
        name (str): of the case.
        path (Path): of the file.
        read (Callable): reads it as the tools do.
        other (bytes): content of another file of its kind.
        also_named (tuple[str, ...]): what a message may name in place of the file.
        content (bytes): undamaged.
    """

    name: str
    path: Path
    read: Callable[[], Outcome]
    other: bytes
    also_named: tuple[str, ...] = ()
    content: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.content = self.path.read_bytes()


def subjects(folder: Path) -> list[Subject]:
    """All files, written below ``folder``."""
    return [*_checkpoints(folder), *_records(folder), *_arrays(folder), *_data(folder)]


def plain(value: Any) -> Any:
    """A value that ``==`` compares: of tensors and arrays type, shape and bytes; NaN is itself."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return [(key, plain(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return repr(value)


# --- checkpoints ---------------------------------------------------------------------------------------------------------


def _checkpoints(folder: Path) -> list[Subject]:
    cases = []
    for seed in (0, 1):
        buffer = io.BytesIO()
        torch.save(_checkpoint(seed), buffer)
        (folder / f'plain_{seed}.pth').write_bytes(buffer.getvalue())
        AtomicFileBackend().put(buffer.getvalue(), folder / f'sealed_{seed}.pth')
    for kind in ('sealed', 'plain'):
        path = folder / f'{kind}_0.pth'
        cases.append(Subject(f'checkpoint, {kind}', path, lambda path=path: Outcome(plain(read_checkpoint(path, 'cpu'))),
                             (folder / f'{kind}_1.pth').read_bytes()))
    return cases


def _checkpoint(seed: int) -> dict:
    draw = torch.Generator().manual_seed(seed)
    weights = {f'backbone.layer{number}.weight': torch.randn(8, 4, 3, 3, generator=draw) for number in range(6)}
    queue = {'queue.features': torch.randn(16, 8, generator=draw), 'queue.index': torch.arange(16),
             'queue.pointer': torch.tensor(3)}
    history = dict(values=torch.randn(5, generator=draw), counts=torch.ones(5), limit=1000)
    return dict(
        meta=dict(epoch=2, iter=10, seed=seed, settings='{}', progress=dict(images=0, global_batch=4, steps=5)),
        state_dict={**weights, **queue}, message_hub=dict(log_scalars={'train/loss': history}, runtime_info=dict(epoch=2)),
        optimizer=dict(state={0: dict(momentum_buffer=torch.randn(8, 4, 3, 3, generator=draw))},
                       param_groups=[dict(lr=0.1 + seed, params=[0])]),
        rank_states=[dict(random=dict(torch=torch.arange(40, dtype=torch.uint8)))])


# --- records and arrays --------------------------------------------------------------------------------------------------


def _records(folder: Path) -> list[Subject]:
    runs = [folder / f'run_{seed}' for seed in (0, 1)]
    for seed, run in enumerate(runs):
        _write_run(run, seed)
    names = [HISTORY, DETECTION, HEALTH, ONLINE, 'epoch_0002.npz', 'removed_0002.npz']
    return [Subject(f'records, {name}', runs[0] / 'false_negatives' / name, lambda: _read_run(runs[0]),
                    (runs[1] / 'false_negatives' / name).read_bytes()) for name in names]


def _write_run(run: Path, seed: int) -> None:
    numbers, folder = np.random.default_rng(seed), run / 'false_negatives'
    for epoch in (1, 2, 3):
        scores = {name: float(numbers.random()) for name in ('precision', 'recall', 'f1', 'loss')}
        add_record(folder / HISTORY, dict(epoch=epoch, rate=0.5, granularities=[dict(num_clusters=3, **scores)]))
        for name in (DETECTION, HEALTH, ONLINE):
            add_record(folder / name, dict(epoch=epoch, alarms=[], **scores))
        labels = numbers.integers(-1, 3, (2, IMAGES))
        write_snapshot(folder, epoch, 0.5, labels, labels.clip(0), numbers.random((2, IMAGES), np.float32),
                       [numbers.random((3, 4), np.float32)] * 2, numbers.random((IMAGES, 4), np.float32))
        write_steps(folder, epoch, IMAGES, [Removed(1, np.array([2, 3]), np.array([0.9, 0.8]), 0.5, 0.1)])


def _read_run(run: Path) -> Outcome:
    record = RunRecord.load(run)
    arrays = without_damaged(dict(run=record), lambda: [
        *(plain(vars(record.snapshot(epoch))) for epoch in record.epochs), *(plain(record.steps(epoch))
                                                                            for epoch in sorted(record.step_paths))])
    value = [[plain(entry) for entry in (*record.history, *record.detection, *record.health, *record.online)], arrays]
    return Outcome(value, '; '.join(record.problems))


def _arrays(folder: Path) -> list[Subject]:
    for seed in (0, 1):
        numbers = np.random.default_rng(seed)
        np.savez(folder / f'features_{seed}.npz', features=numbers.random((IMAGES, 8), np.float32),
                 labels=numbers.integers(0, 3, IMAGES))
        np.save(folder / f'groups_{seed}.npy', numbers.integers(0, 3, IMAGES))
    features, groups = folder / 'features_0.npz', folder / 'groups_0.npy'

    def with_groups() -> dict:
        pixels = torch.zeros(IMAGES, 3, 2, 2, dtype=torch.uint8) + torch.arange(IMAGES, dtype=torch.uint8)[:, None, None, None]
        return dict(pixels=plain(pixels), groups=plain(read_group_array(str(groups), IMAGES)))

    before = with_groups()
    return [
        Subject('arrays, features.npz', features, lambda: Outcome(plain(read_features(features))),
                (folder / 'features_1.npz').read_bytes()),
        Subject('arrays, groups.npy', groups, lambda: _as_resumed(before, with_groups()),
                (folder / 'groups_1.npy').read_bytes())]


def _as_resumed(before: dict, now: dict) -> Outcome:
    """Other groups are in the fingerprint of a run, and refused when it goes on."""
    return Outcome(now, '' if before == now else 'other groups', REFUSED)


# --- images, lists and tables --------------------------------------------------------------------------------------------


def _data(folder: Path) -> list[Subject]:
    root, numbers = folder / 'images', np.random.default_rng(0)
    for number in range(IMAGES):
        path = root / f'c{number % 3}' / f'{number}{(".png", ".jpg", ".bmp", ".tif")[number % 4]}'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(numbers.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob('*.*'))
    (folder / 'list.txt').write_text(''.join(f'{name} {name[1]}\n' for name in names))
    (folder / 'groups.csv').write_text('path,group\n' + ''.join(f'{name},g{number % 4}\n' for number, name in enumerate(names)))
    (folder / 'groups.txt').write_text(''.join(f'{name} g{number % 4}\n' for number, name in enumerate(names)))
    (folder / 'classes.txt').write_text('c0\nc2\n')
    listed = dict(type='CustomDataset', data_root=str(root), ann_file=str(folder / 'list.txt'))
    tables = {name: dict(type='GroupedFolder', data_root=str(root), groups=str(folder / name))
              for name in ('groups.csv', 'groups.txt')}
    subset = dict(type='ClassSubset', data_root=str(root), class_list=str(folder / 'classes.txt'))
    other = (folder / 'groups.csv').read_bytes()[::-1]
    cases = [Subject('lists, list.txt', folder / 'list.txt', _reader(listed), other, (str(root),)),
             *(Subject(f'lists, {name}', folder / name, _reader(config), other) for name, config in tables.items()),
             Subject('lists, classes.txt', folder / 'classes.txt', _reader(subset), other, (ClassSubset.__name__, str(root)))]
    contents = [(root / name).read_bytes() for name in names]
    cases += [Subject(f'images, {name}', root / name, _reader(dict(type='CustomDataset', data_root=str(root))), contents[0])
              for name in (names[0], names[1], names[4], names[5])]
    return cases


def _reader(config: dict) -> Callable[[], Outcome]:
    """Reads a data set, its pixels too, and says what a resumed run would say of the difference."""
    before = IndexedDataset(config).description()

    def read() -> Outcome:
        dataset = IndexedDataset(config)
        now = dataset.description()
        changed = '; '.join(changes_between(before, now).values())
        pixels = [] if changed else [_pixels(dataset.identity().file(row)) for row in range(dataset.num_samples)]
        return Outcome([plain(now), pixels], changed, REFUSED)
    return read


def _pixels(path: str) -> object:
    return plain(LoadImageFromFile().transform(dict(img_path=path))['img'])
