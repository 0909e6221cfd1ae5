"""Seconds and inertia of k-means: mmifnd's (the distributed one on one process), faiss.Kmeans, scikit-learn's KMeans and
MiniBatchKMeans.

    python tools/benchmarks/clustering.py
    python tools/benchmarks/clustering.py --num-samples 100000 --num-clusters 1000 3000 --num-redo 5 --json kmeans.json

All get the same unit vectors, iterations, restarts and (faiss) seed and training points a centroid; the distributed one
iterates over a sample of 256 a centroid and then over all. Inertia is measured alike for all: the sum of squared distances of
all vectors to their nearest centroid.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import torch
from measure import machine, write_json
from rich.console import Console
from rich.table import Table
from sklearn import cluster

from mmifnd.clustering import DistributedKMeans, KMeans, RowShare, load_faiss

faiss = load_faiss()

Fit = Callable[[np.ndarray, int], np.ndarray]


def parse_args() -> argparse.Namespace:
    """Sizes and k-means settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num-samples', type=int, nargs='+', default=[20_000], metavar='N')
    parser.add_argument('--dims', type=int, nargs='+', default=[128], metavar='D')
    parser.add_argument('--num-clusters', type=int, nargs='+', default=[100, 1000], metavar='K')
    parser.add_argument('--num-iterations', type=int, default=20, help='Lloyd iterations at most')
    parser.add_argument('--num-redo', type=int, default=1, help='restarts (KMeans of mmifnd: 5 unless told)')
    parser.add_argument('--max-points-per-centroid', type=int, default=1000, help='of faiss; scikit-learn uses all')
    parser.add_argument('--repeats', type=int, default=3, help='rounds; the median is shown')
    parser.add_argument('--device', choices=('cpu', 'gpu'), default='cpu', help="faiss's; scikit-learn stays on the CPU")
    parser.add_argument('--skip', nargs='+', default=[], metavar='NAME', help='rows to leave out, by their name in the table')
    parser.add_argument('--json', metavar='FILE', help='also write the figures here')
    return parser.parse_args()


def unit_vectors(num_samples: int, dim: int, modes: int = 300, noise: float = 0.8) -> np.ndarray:
    """float32 (N, D): noisy copies of ``modes`` random directions, about as clustered as features in training."""
    generator = np.random.default_rng(0)
    centers = generator.standard_normal((modes, dim))
    rows = centers[generator.integers(modes, size=num_samples)] + noise * generator.standard_normal((num_samples, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def contestants(args: argparse.Namespace) -> dict[str, Fit]:
    """name -> ``fit(features, k)``, which returns centroids (K, D) after all samples have been assigned."""
    settings = dict(max_points_per_centroid=args.max_points_per_centroid)
    shared = dict(n_init=args.num_redo, init='random', tol=0., random_state=0)

    def plain_faiss(features: np.ndarray, k: int) -> np.ndarray:
        kmeans = faiss.Kmeans(features.shape[1], k, niter=args.num_iterations, nredo=args.num_redo, seed=0,
                              min_points_per_centroid=1, gpu=args.device == 'gpu', **settings)
        kmeans.train(features)
        kmeans.index.search(features, 1)
        return kmeans.centroids

    def distributed(features: np.ndarray, k: int) -> np.ndarray:
        share = RowShare(torch.from_numpy(features), torch.arange(len(features)), len(features))
        return DistributedKMeans(args.num_iterations, args.num_redo, device=args.device).fit_share(share, k).centroids

    ours = KMeans(args.num_iterations, args.num_redo, device=args.device, **settings)
    fits: dict[str, Fit] = {
        'mmifnd KMeans': lambda x, k: ours.fit(x, k, seed=0).centroids,
        'mmifnd DistributedKMeans': distributed,
        'faiss.Kmeans': plain_faiss,
        'sklearn KMeans': lambda x, k: cluster.KMeans(
            k, max_iter=args.num_iterations, algorithm='lloyd', **shared).fit(x).cluster_centers_,
        'sklearn MiniBatchKMeans': lambda x, k: cluster.MiniBatchKMeans(
            k, max_iter=args.num_iterations, batch_size=max(1024, 2 * k), **shared).fit(x).cluster_centers_,
    }
    return {name: fit for name, fit in fits.items() if name not in args.skip}


def inertia(features: np.ndarray, centroids: np.ndarray) -> float:
    """Sum of squared distances to the nearest centroid."""
    index = faiss.IndexFlatL2(features.shape[1])
    index.add(np.ascontiguousarray(centroids, dtype=np.float32))
    return float(index.search(features, 1)[0].sum(dtype=np.float64))


def compare(args: argparse.Namespace) -> Iterator[dict]:
    """One row for each contestant and size; contestants alternate within a size."""
    fits = contestants(args)
    for num_samples in args.num_samples:
        for dim in args.dims:
            features = unit_vectors(num_samples, dim)
            for k in args.num_clusters:
                yield from _compare_one(fits, features, k, args.repeats, clock_of(args))


def clock_of(args: argparse.Namespace) -> Callable[[], float]:
    """CPU time on one thread, which other jobs disturb less; else wall time."""
    return time.process_time if args.device == 'cpu' and faiss.omp_get_max_threads() == 1 else time.perf_counter


def _compare_one(fits: dict[str, Fit], features: np.ndarray, k: int, repeats: int,
                 clock: Callable[[], float]) -> Iterator[dict]:
    times: dict[str, list[float]] = {name: [] for name in fits}
    centroids = {}
    for _ in range(repeats):
        for name, fit in fits.items():
            begin = clock()
            centroids[name] = fit(features, k)
            times[name].append(clock() - begin)
    for name in fits:
        yield dict(num_samples=len(features), dim=features.shape[1], num_clusters=k, name=name,
                   seconds=statistics.median(times[name]), all_seconds=times[name],
                   inertia=inertia(features, centroids[name]))


def show(rows: list[dict], console: Console) -> None:
    """Print the table; times as multiples of the first row of each size, too."""
    table = Table('N', 'D', 'k', 'k-means', 'seconds', 'all rounds', 'time / first', 'inertia / N')
    for row in rows:
        first = next(r for r in rows if all(r[key] == row[key] for key in ('num_samples', 'dim', 'num_clusters')))
        table.add_row(
            str(row['num_samples']), str(row['dim']), str(row['num_clusters']), row['name'], f'{row["seconds"]:.2f}',
            f'{min(row["all_seconds"]):.2f} to {max(row["all_seconds"]):.2f}', f'{row["seconds"] / first["seconds"]:.2f}',
            f'{row["inertia"] / row["num_samples"]:.4f}', end_section=row['name'] == rows[-1]['name'])
    console.print(table)


def versions() -> dict[str, str]:
    """Of what is compared."""
    found = {}
    for package in ('faiss-cpu', 'faiss-gpu', 'scikit-learn', 'numpy'):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Measure, print, and write what was asked for."""
    args = parse_args()
    where = {**machine(torch.device('cpu')), **versions(), 'clock': clock_of(args).__name__}
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(', '.join(f'{key} {value}' for key, value in where.items()), soft_wrap=True)
    rows = list(compare(args))
    show(rows, console)
    write_json(args.json, dict(machine=where, arguments=vars(args), rows=rows))


if __name__ == '__main__':
    main()
