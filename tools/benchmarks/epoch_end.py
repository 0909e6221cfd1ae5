"""Seconds of each part of an epoch's end: as it is now, and with the formulas of the release before (0.1: commit ae7da2a).

    OMP_NUM_THREADS=1 python tools/benchmarks/epoch_end.py
    OMP_NUM_THREADS=1 python tools/benchmarks/epoch_end.py --whole
    OMP_NUM_THREADS=1 python tools/benchmarks/epoch_end.py --num-samples 1281167 --num-clusters 1000 3000 10000

Parts that grow with N x K are run on one chunk of rows and multiplied, marked by ~; with --whole they run on all rows, once.
k-means is 5 restarts of 20 iterations before, one warm start of 20 now (kmeans=dict(init='previous'); without it, the same
5 x 20): one iteration times their number, or all of them with --whole. Features are random unit vectors around 300 directions,
labels 1,000 random classes. Before and now alternate; the clock is CPU time with one thread.
"""

import argparse
import io
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from clustering import unit_vectors
from measure import alternate, machine, write_json
from rich.console import Console
from rich.table import Table
from torch import Tensor

from mmifnd.clustering import ConfidenceAcceptance, KMeans, faiss_kernel, faiss_kmeans, load_faiss
from mmifnd.clustering.assignment import nearest
from mmifnd.clustering.lloyd import add_by_label
from mmifnd.evaluation import cluster_change, normalized_mutual_information, rankme, true_rates, uniformity
from mmifnd.functional import concentration

TEMPERATURE = 0.2
ITERATIONS, RESTARTS = 20, 5
HEALTH_ROWS = 4096
Work = Callable[[], object]


@dataclass(frozen=True)
class Part:
    """One row of the table.

    Attributes:
        name (str): what is done.
        before, now (Callable): the work, or a chunk of it.
        times_before, times_now (float): how often the work is done, or the chunk fits into it.
        is_part (bool): whether a chunk is measured.
    """

    name: str
    before: Work
    now: Work
    times_before: float = 1
    times_now: float = 1
    is_part: bool = False


def parse_args() -> argparse.Namespace:
    """Sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num-samples', type=int, default=130_000, metavar='N')
    parser.add_argument('--dim', type=int, default=128, metavar='D')
    parser.add_argument('--num-clusters', type=int, nargs='+', default=[1000], metavar='K')
    parser.add_argument('--chunk', type=int, default=16_384, help='rows of what grows with N x K')
    parser.add_argument('--whole', action='store_true', help='no chunks, and every iteration')
    parser.add_argument('--repeats', type=int, default=3, help='rounds; the median is shown')
    parser.add_argument('--json', metavar='FILE', help='also write the figures here')
    return parser.parse_args()


# --- the formulas of before -----------------------------------------------------------------------------------------------


def confidence_before(rows: Tensor, centroids: Tensor, labels: Tensor) -> Tensor:
    """A softmax over all centroids, 8,192 rows at a time."""
    factors = F.normalize(centroids, dim=1).T
    return torch.cat([
        (F.normalize(part, dim=1) @ factors / TEMPERATURE).log_softmax(dim=1).gather(1, own.unsqueeze(1)).squeeze(1).exp()
        for part, own in zip(rows.split(8192), labels.split(8192), strict=True)])


def acceptance_before(confidence: Tensor, rate: float) -> Tensor:
    """A stable sort of all."""
    accepted = torch.zeros_like(confidence, dtype=torch.bool)
    accepted[confidence.argsort(descending=True, stable=True)[:int(rate * len(confidence))]] = True
    return accepted


def uniformity_before(rows: Tensor) -> Tensor:
    """All pairs twice."""
    total = torch.zeros((), dtype=torch.float64)
    for part in rows.split(1024):
        total += (4 * (part @ rows.T - 1)).exp().sum(dtype=torch.float64)
    return total


# --- parts ----------------------------------------------------------------------------------------------------------------


def parts_of(rows: Tensor, num_clusters: int, chunk: int) -> list[Part]:
    """What is done for each granularity."""
    generator = torch.Generator().manual_seed(0)
    centroids = rows[torch.randperm(len(rows), generator=generator)[:num_clusters]].clone()
    few, times = rows[:chunk], max(1., len(rows) / chunk)
    labels = torch.randint(num_clusters, (len(rows),), generator=generator)
    classes = torch.randint(1000, (len(rows),), generator=generator).numpy()
    confidence = torch.rand(len(rows), generator=generator)
    acceptance = ConfidenceAcceptance('constant', end=0.5)
    index = load_faiss().IndexFlatL2(rows.shape[1])
    index.add(centroids.numpy())
    sums = torch.zeros(num_clusters, rows.shape[1], dtype=torch.float64)
    accepted = labels.masked_fill(confidence < 0.5, -1)

    def iterate() -> None:
        own, _ = faiss_kmeans.labels_and_inertia(few, centroids)
        add_by_label(sums, few.double(), own)

    def assign_before() -> None:
        own = torch.from_numpy(index.search(few.numpy(), 1)[1][:, 0])
        confidence_before(few, centroids, own)

    def cluster(**options) -> None:
        KMeans(num_iterations=ITERATIONS, num_redo=RESTARTS, num_threads=1, **options).fit(
            rows, num_clusters, previous=centroids if options else None)

    kmeans = Part('k-means', cluster, lambda: cluster(init='previous')) if times == 1 else Part(
        'k-means', iterate, iterate, times * ITERATIONS * RESTARTS, times * ITERATIONS, is_part=True)

    def both(name: str, work: Work) -> Part:
        return Part(name, work, work)

    return [
        kmeans,
        Part('assignment and confidence', assign_before, lambda: nearest(few, centroids, temperature=TEMPERATURE), times, times,
             is_part=times > 1),
        Part('acceptance', lambda: acceptance_before(confidence, 0.5), lambda: acceptance.accept(confidence, 0.)),
        both('concentration', lambda: concentration(rows, centroids, labels)),
        both('NMI', lambda: normalized_mutual_information(classes, labels.numpy())),
        both('true rates', lambda: true_rates(classes, accepted.numpy())),
        both('change', lambda: cluster_change(labels.numpy(), labels.roll(1).where(confidence < 0.2, labels).numpy())),
        Part('files', lambda: write(np.savez_compressed, labels, accepted, confidence),
             lambda: write(np.savez, labels, accepted, confidence)),
    ]


def health_part(rows: Tensor) -> Part:
    """RankMe and uniformity of 4,096 rows, once per epoch."""
    few = rows[:HEALTH_ROWS]
    return Part('health', lambda: (torch.linalg.svdvals(few.double()), uniformity_before(few)),
                lambda: (rankme(few), uniformity(few)))


def write(save: Callable, *arrays: Tensor) -> None:
    """Into memory: disks differ."""
    save(io.BytesIO(), **{str(number): array.numpy().astype(np.float32 if array.is_floating_point() else np.int32)
                          for number, array in enumerate(arrays)})


def measure(parts: list[Part], repeats: int, whole: bool) -> list[dict]:
    """Seconds of each part, before and now."""
    found = []
    for part in parts:
        same = part.before is part.now
        works = {'now': part.now} if same else {'before': part.before, 'now': part.now}
        times = alternate(works, repeats, torch.device('cpu'), warm_up=0 if whole else 1)
        found.append(dict(
            name=part.name, before=statistics.median(times['now' if same else 'before']) * part.times_before,
            now=statistics.median(times['now']) * part.times_now, is_part=part.is_part))
    return found


def show(granularities: dict[str, list[dict]], console: Console) -> None:
    """Print one column of seconds before and now for each granularity."""
    table = Table('part', *(f'{name}, {when}' for name in granularities for when in ('before', 'now')))
    names = list(dict.fromkeys(row['name'] for rows in granularities.values() for row in rows))
    for name in names:
        cells = []
        for rows in granularities.values():
            row = next((row for row in rows if row['name'] == name), None)
            cells += [f'{"~" * row["is_part"]}{row[when]:.2f}' if row else '' for when in ('before', 'now')]
        table.add_row(name, *cells)
    totals = [f'{sum(row[when] for row in rows):.1f}' for rows in granularities.values() for when in ('before', 'now')]
    table.add_row('sum', *totals)
    console.print(table)


def main() -> None:
    """Measure, print, and write what was asked for."""
    args = parse_args()
    args.repeats = 1 if args.whole else args.repeats
    where = {**machine(torch.device('cpu')), 'faiss': faiss_kernel()}
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(', '.join(f'{key} {value}' for key, value in where.items()), soft_wrap=True)
    rows = torch.from_numpy(unit_vectors(args.num_samples, args.dim))
    chunk = args.num_samples if args.whole else args.chunk
    load_faiss().omp_set_num_threads(torch.get_num_threads())
    found = {f'k={count:,}': measure(parts_of(rows, count, chunk), args.repeats, args.whole) for count in args.num_clusters}
    found['once'] = measure([health_part(rows)], args.repeats, False)
    show(found, console)
    write_json(args.json, dict(machine=where, arguments=vars(args), parts=found))


if __name__ == '__main__':
    main()
