"""k-means' kernels, and the end of an epoch from the bank."""

import time
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .common import DIM, Setting, guarded, on_gpu, rate_of_rounds, say, seconds, wait
from .runs import write

CHECKED = 20_000  # rows whose labels are compared with those in float64


def unit_rows(count: int, groups: int = 3000) -> Tensor:
    """Unit vectors around random directions, on the device."""
    generator = torch.Generator(Setting.device).manual_seed(0)
    directions = torch.randn(groups, DIM, generator=generator, device=Setting.device)
    rows = directions[torch.randint(groups, (count,), generator=generator, device=Setting.device)]
    return F.normalize(rows + 0.7 * torch.randn(count, DIM, generator=generator, device=Setting.device), dim=1)


def ceilings() -> None:
    """The rates of the card: a copy, and products of large matrices."""
    pair = torch.empty(2, 1 << 30, device=Setting.device)
    say('FIGURE', 'copy', f'{pair.nbytes / seconds(lambda: pair[0].copy_(pair[1]), 5) / 1e12:.2f} TB/s')
    a, b = (torch.randn(8192, 8192, device=Setting.device) for _ in range(2))
    for name, dtype in (('float32', torch.float32), ('tf32', torch.float32), ('bfloat16', torch.bfloat16)):
        torch.backends.cuda.matmul.allow_tf32 = name == 'tf32'
        x, y = a.to(dtype), b.to(dtype)
        say('FIGURE', f'8192^3 {name}', f'{2 * 8192**3 / seconds(lambda: x @ y, 5) / 1e12:.0f} TFLOP/s')  # noqa: B023
    torch.backends.cuda.matmul.allow_tf32 = False


def kernels() -> None:
    """One assignment and one sum over all rows: fused kernels beside products in memory, and how exact they are."""
    if on_gpu():
        ceilings()
    rows, figures = unit_rows(Setting.images), {}
    for count in Setting.counts:
        guarded(f'kernels k={count}', _kernels, rows, count, figures)
    write('kernels', figures)


def _kernels(rows: Tensor, count: int, figures: dict) -> None:
    from mmifnd.clustering import assignment, fused, lloyd
    centroids = 0.8 * rows[:count]

    def note(name: str, work, text: str = '') -> None:
        figures[name] = seconds(work, 3)
        say('FIGURE', name, f'{figures[name] * 1e3:.2f} ms{text}')

    def both(path: str) -> None:
        for precision in ('float32', 'tf32', 'bfloat16'):
            def labels() -> Tensor:
                return assignment.labels_and_inertia(rows, centroids, precision=precision)[0]  # noqa: B023
            note(f'labels, {path}, k={count}, {precision}', labels, _differences(rows, centroids, labels()))
        note(f'labels and confidence, {path}, k={count}', lambda: assignment.nearest(rows, centroids, temperature=0.2))
        note(f'sums, {path}, k={count}', lambda: lloyd._sums_and_sizes(rows, nearest_labels, count))

    nearest_labels = assignment.labels_and_inertia(rows, centroids)[0]
    with mock.patch.multiple(fused, tile_for=lambda *_: None, sums_run_on=lambda device: False):
        both('in memory')
    if fused.sums_run_on(rows.device):
        both('fused')


def _differences(rows: Tensor, centroids: Tensor, labels: Tensor) -> str:
    """How many labels differ from those in float64, and by how much the inertia of these rows."""
    few = rows[:CHECKED].double()
    scores = few @ centroids.double().T - 0.5 * centroids.double().square().sum(dim=1)
    best, chosen = scores.amax(dim=1), scores.gather(1, labels[:CHECKED, None]).squeeze(1)
    wrong = (labels[:CHECKED] != scores.argmax(dim=1)).double().mean().item()
    return f'; {wrong:.1e} differ from float64, inertia off by {(2 * (best - chosen).sum() / (1 - 2 * best).sum()).item():.1e}'


def epoch_end() -> None:
    """All granularities from the bank: cold as in the papers, and from the centroids before."""
    from mmifnd.models.frameworks.feature_bank import FeatureBank
    rows, bank = unit_rows(Setting.images), FeatureBank(Setting.images, DIM, Setting.device)
    for index in torch.randperm(Setting.images, device=Setting.device).split(4096):
        bank.write(index, rows[index])
    classes = torch.randint(1000, (Setting.images,))
    figures: dict[str, dict] = {}
    cold = [dict(precision=name) for name in ('bfloat16', 'tf32')] if on_gpu() else []
    guarded('warm-up', clusterings, figures, 'warm-up (2 iterations)', dict(num_redo=1, num_iterations=2), bank, classes, 1)
    guarded('warm', clusterings, figures, 'warm', dict(init='previous', num_redo=1), bank, classes, 3)
    for options in (*cold, {}):
        name = f'cold, 5 x 20, {options.get("precision", "float32")}'
        guarded(name, clusterings, figures, name, options, bank, classes, 1)
        write('epoch_end', figures)
    ms, _ = rate_of_rounds(lambda: bank.write(index[:256], rows[:256]), 20, 3)
    say('FIGURE', 'bank, a write of 256 rows', f'{ms:.3f} ms')


def clusterings(figures: dict, name: str, options: dict, bank, classes: Tensor, times: int) -> None:
    """A chain of clusterings, by part."""
    from mmifnd.clustering import ConfidenceAcceptance, KMeans, PseudoLabeler
    from mmifnd.evaluation import clustering_scores
    kmeans = KMeans(device='gpu' if on_gpu() else 'cpu', backend='torch', **options)
    labeler, before = PseudoLabeler(Setting.counts, ConfidenceAcceptance('constant', end=0.5), 0.2, kmeans), None
    for number in range(times):
        marks = [_now()]
        share, seen = bank.share()
        marks.append(_now())
        levels = [labeler.cluster_share(share, position, seen) for position in range(len(Setting.counts))]
        labeler.remember(levels)
        marks.append(_now())
        labels = labeler.accept(levels, 0.5, seen)
        labels.statistics()
        marks.append(_now())
        for position, level in enumerate(levels):
            clustering_scores(level.assignment, labels.labels[position], classes, before and before[position])
        before = [level.assignment for level in levels]
        marks.append(_now())
        parts = dict(zip(('bank', 'clustering', 'acceptance', 'scores'), np.diff(marks).tolist(), strict=True))
        figures[f'{name}, {number}'] = dict(parts, granularities=[level.seconds for level in levels])
        say('FIGURE', f'{name}, clustering {number}', ', '.join(f'{part} {value:.3f} s' for part, value in parts.items())
            + f'; granularities {", ".join(f"{level.seconds:.3f}" for level in levels)} s; {kmeans.describe()}')


def _now() -> float:
    wait()
    return time.perf_counter()
