"""Seconds and inertia of k-means: faiss as it installs and as mmifnd starts it, torch, scikit-learn, fastkmeans.

    python tools/benchmarks/clustering.py
    python tools/benchmarks/clustering.py --num-samples 50000 --num-clusters 1000 --threads 1 2 --json kmeans.json

All get the same unit vectors, iterations, restarts, training points per centroid and, where they share a generator, seed. Each
fit runs in a process of its own, whose BLAS kernels are shown; imports and data are not timed. Contestants alternate in rounds.
Inertia is measured alike for all: the sum of squared distances of all vectors to their nearest centroid, in float64. "faiss,
SSE3 kernels" is what faiss' wheels run on Intel CPUs that their OpenBLAS 0.3.15 does not know, forced here by
OPENBLAS_CORETYPE=Prescott.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np
import threadpoolctl
import torch
from measure import machine, write_json
from rich.console import Console
from rich.table import Table

from mmifnd.clustering import DistributedKMeans, KMeans, RowShare
from mmifnd.clustering.assignment import labels_and_inertia

Fit = Callable[[np.ndarray, int], np.ndarray]

NAMES = ('mmifnd KMeans', 'mmifnd KMeans, torch', 'mmifnd DistributedKMeans', 'faiss as installed', 'faiss, SSE3 kernels',
         'sklearn KMeans', 'sklearn MiniBatchKMeans', 'fastkmeans')


def parse_args() -> argparse.Namespace:
    """Sizes and k-means settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num-samples', type=int, nargs='+', default=[20_000], metavar='N')
    parser.add_argument('--dim', type=int, default=128, metavar='D')
    parser.add_argument('--num-clusters', type=int, nargs='+', default=[100, 1000], metavar='K')
    parser.add_argument('--num-iterations', type=int, default=20, help='Lloyd iterations at most')
    parser.add_argument('--num-redo', type=int, default=1, help='restarts (KMeans of mmifnd: 5 by default)')
    parser.add_argument('--max-points-per-centroid', type=int, default=1000, help='of faiss and mmifnd; the others use all')
    parser.add_argument('--threads', type=int, nargs='+', default=[1], help='CPU threads; with 1 the clock is CPU time')
    parser.add_argument('--repeats', type=int, default=3, help='rounds; the median is shown')
    parser.add_argument('--device', choices=('cpu', 'gpu'), default='cpu', help="mmifnd's and faiss's; scikit-learn has none")
    parser.add_argument('--only', nargs='+', default=list(NAMES), choices=NAMES, metavar='NAME', help='rows of the table')
    parser.add_argument('--json', metavar='FILE', help='also write the figures here')
    parser.add_argument('--worker', metavar='JSON', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if find_spec('fastkmeans') is None:
        args.only = [name for name in args.only if name != 'fastkmeans']
    return args


def unit_vectors(num_samples: int, dim: int, modes: int = 300, noise: float = 0.8) -> np.ndarray:
    """float32 (N, D): noisy copies of ``modes`` random directions, about as clustered as features in training."""
    generator = np.random.default_rng(0)
    centers = generator.standard_normal((modes, dim))
    rows = centers[generator.integers(modes, size=num_samples)] + noise * generator.standard_normal((num_samples, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


# --- one fit, in a process of its own -------------------------------------------------------------------------------------


def contestant(name: str, args: argparse.Namespace) -> Fit:
    """``fit(features, k)``, which returns centroids (K, D) after all samples have been assigned."""
    if name.startswith('faiss'):
        return faiss_alone(args)
    if name.startswith('sklearn'):
        return scikit_learn(name, args)
    if name == 'fastkmeans':
        return fastkmeans(args)
    if name == 'mmifnd DistributedKMeans':
        ours = DistributedKMeans(args.num_iterations, args.num_redo, device=args.device)
        return lambda x, k: ours.fit_share(share_of(x), k).centroids.cpu().numpy()
    ours = KMeans(args.num_iterations, args.num_redo, device=args.device, backend='torch' if 'torch' in name else 'faiss',
                  max_points_per_centroid=args.max_points_per_centroid)
    return lambda x, k: ours.fit(x, k, seed=0).centroids


def share_of(features: np.ndarray) -> RowShare:
    """All rows, on one process."""
    return RowShare(torch.from_numpy(features), torch.arange(len(features)), len(features))


def faiss_alone(args: argparse.Namespace) -> Fit:
    """As a user writes it, without mmifnd."""
    import faiss

    def fit(features: np.ndarray, k: int) -> np.ndarray:
        kmeans = faiss.Kmeans(features.shape[1], k, niter=args.num_iterations, nredo=args.num_redo, seed=0,
                              min_points_per_centroid=1, max_points_per_centroid=args.max_points_per_centroid,
                              gpu=args.device == 'gpu')
        kmeans.train(features)
        kmeans.index.search(features, 1)
        return kmeans.centroids

    return fit


def scikit_learn(name: str, args: argparse.Namespace) -> Fit:
    """Lloyd over all points, or minibatches."""
    from sklearn import cluster
    shared = dict(n_init=args.num_redo, init='random', tol=0., random_state=0, max_iter=args.num_iterations)
    if name == 'sklearn KMeans':
        return lambda x, k: cluster.KMeans(k, algorithm='lloyd', **shared).fit(x).cluster_centers_
    return lambda x, k: cluster.MiniBatchKMeans(k, batch_size=max(1024, 2 * k), **shared).fit(x).cluster_centers_


def fastkmeans(args: argparse.Namespace) -> Fit:
    """Chunked products on torch, without Triton on the CPU; it has no restarts."""
    from fastkmeans import FastKMeans

    def fit(features: np.ndarray, k: int) -> np.ndarray:
        kmeans = FastKMeans(features.shape[1], k, niter=args.num_iterations, seed=0, gpu=args.device == 'gpu', tol=0.,
                            max_points_per_centroid=args.max_points_per_centroid, use_triton=False)
        kmeans.train(features)
        kmeans.predict(features)
        return kmeans.centroids

    return fit


def work(task: dict, args: argparse.Namespace) -> None:
    """Fit once, and print a line of JSON."""
    features = unit_vectors(task['num_samples'], args.dim)
    torch.set_num_threads(task['threads'])
    fit = contestant(task['name'], args)
    fit(features[:2000], 10)  # imports, kernels and buffers of the first call
    clock = time.process_time if args.device == 'cpu' and task['threads'] == 1 else time.perf_counter
    begin = clock()
    centroids = fit(features, task['num_clusters'])
    seconds = clock() - begin
    _, inertia = labels_and_inertia(torch.from_numpy(features), torch.from_numpy(np.asarray(centroids, dtype=np.float32)))
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool.get('internal_api') == 'openblas']
    kernels = next((pool['architecture'] for pool in pools if 'faiss' in pool['filepath']), None)
    print(json.dumps(dict(seconds=seconds, inertia=inertia.item(), kernels=kernels)))


# --- rounds ---------------------------------------------------------------------------------------------------------------


def run_worker(task: dict) -> dict:
    """What :func:`work` prints in a process with the environment that the contestant would have."""
    environment = {key: value for key, value in os.environ.items() if key not in ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE')}
    if task['name'] == 'faiss, SSE3 kernels':
        environment['OPENBLAS_CORETYPE'] = 'Prescott'
    environment['OMP_NUM_THREADS'] = str(task['threads'])
    arguments = [argument for argument in sys.argv[1:] if argument != '--worker']
    done = subprocess.run([sys.executable, __file__, *arguments, '--worker', json.dumps(task)], env=environment, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f'{task["name"]} failed:\n{done.stderr}')
    return json.loads(done.stdout.splitlines()[-1])


def compare(args: argparse.Namespace) -> Iterator[dict]:
    """One row for each contestant and size; contestants alternate within a size."""
    for num_samples in args.num_samples:
        for k in args.num_clusters:
            for threads in args.threads:
                size = dict(num_samples=num_samples, num_clusters=k, threads=threads)
                found: dict[str, list[dict]] = {name: [] for name in args.only}
                for _ in range(args.repeats):
                    for name in args.only:
                        found[name].append(run_worker(dict(size, name=name)))
                for name, rounds in found.items():
                    times = [one['seconds'] for one in rounds]
                    yield dict(size, name=name, seconds=statistics.median(times), all_seconds=times,
                               inertia=rounds[0]['inertia'], kernels=rounds[0]['kernels'])


def show(rows: list[dict], console: Console) -> None:
    """Print the table; times as multiples of the first row of each size, too."""
    table = Table('N', 'k', 'threads', 'k-means', 'kernels of faiss', 'seconds', 'all rounds', 'time / first', 'inertia / N')
    for row in rows:
        first = next(r for r in rows if all(r[key] == row[key] for key in ('num_samples', 'num_clusters', 'threads')))
        table.add_row(
            f'{row["num_samples"]:,}', f'{row["num_clusters"]:,}', str(row['threads']), row['name'], row['kernels'] or '',
            f'{row["seconds"]:.2f}', f'{min(row["all_seconds"]):.2f} to {max(row["all_seconds"]):.2f}',
            f'{row["seconds"] / first["seconds"]:.2f}', f'{row["inertia"] / row["num_samples"]:.4f}')
    console.print(table)


def versions() -> dict[str, str]:
    """Of what is compared."""
    found = {}
    for package in ('faiss-cpu', 'faiss-gpu', 'scikit-learn', 'fastkmeans', 'numpy'):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Measure, print, and write what was asked for."""
    args = parse_args()
    if args.worker:
        work(json.loads(args.worker), args)
        return
    where = {**machine(torch.device('cpu')), **versions()}
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(', '.join(f'{key} {value}' for key, value in where.items()), soft_wrap=True)
    rows = list(compare(args))
    show(rows, console)
    write_json(args.json, dict(machine=where, arguments=vars(args), rows=rows))


if __name__ == '__main__':
    main()
