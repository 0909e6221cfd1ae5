"""What the end of an epoch costs with very many images, by the real code on random rows: docs/scale.md.

    OMP_NUM_THREADS=1 python tools/benchmarks/many_rows.py
    OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 tools/benchmarks/many_rows.py

The bank of features is filled by steps; then one granularity is clustered from random rows, with one iteration of Lloyd, is
assigned and weighed, and its labels reach a detector. With torchrun, processes share the rows, as those of a training do. Shown
are CPU seconds of process 0, the seconds until all have done a part, and the most memory that process 0 has had so far.
"""

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.distributed as dist
import torch.nn.functional as F
from measure import machine, write_json
from torch import Tensor

from mmifnd.clustering import ConfidenceAcceptance, PseudoLabels
from mmifnd.clustering.assignment import nearest
from mmifnd.clustering.lloyd import lloyd
from mmifnd.clustering.pseudo_labeler import Granularity
from mmifnd.detectors import PseudoLabelDetector
from mmifnd.distributed import is_main, rank, wait_for_all, world_size
from mmifnd.functional import concentration
from mmifnd.models.frameworks.feature_bank import FeatureBank

TEMPERATURE = 0.2
GIB = 2**30


def parse_args() -> argparse.Namespace:
    """Sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--num-samples', type=int, default=10_000_000, metavar='N')
    parser.add_argument('--dim', type=int, default=32, metavar='D')
    parser.add_argument('--num-clusters', type=int, default=1000, metavar='K')
    parser.add_argument('--batch-size', type=int, default=4096, help='rows of a step, on each process')
    parser.add_argument('--json', metavar='FILE', help='also write the figures here')
    return parser.parse_args()


class Parts:
    """The table, part by part."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float | str]] = []

    def measure(self, name: str, work: Callable) -> Tensor | tuple:
        """Do a part, and print what it took."""
        wait_for_all()
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        cpu = time.process_time() - cpu
        wait_for_all()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB
        self.rows.append(dict(part=name, cpu_seconds=cpu, seconds=time.perf_counter() - wall, peak_gib=peak))
        if is_main():
            print(f'| {name} | {cpu:.2f} | {self.rows[-1]["seconds"]:.2f} | {peak:.2f} GiB |', flush=True)
        return result


def fill(args: argparse.Namespace) -> FeatureBank:
    """The bank after an epoch whose images come in random order, each once."""
    bank = FeatureBank(args.num_samples, args.dim)
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(args.num_samples, generator=generator)[rank()::world_size()]
    few = F.normalize(torch.randn(args.batch_size, args.dim, generator=generator), dim=1)
    for step, index in enumerate(order.split(args.batch_size)):
        bank.write(index, few[:len(index)].roll(step % args.dim, dims=1))  # other rows in each step, without drawing them
    return bank


def main() -> None:
    """Measure and print."""
    args = parse_args()
    if dist.is_torchelastic_launched():
        dist.init_process_group('gloo')
    where = machine(torch.device('cpu'))
    if is_main():
        print(', '.join(f'{key} {value}' for key, value in where.items()))
        print(f'N = {args.num_samples:,}, D = {args.dim}, k = {args.num_clusters:,}, processes: {world_size()}\n')
        print('| part | CPU seconds | seconds | peak memory of the process so far |\n|---|---|---|---|')
    parts = Parts()
    bank = parts.measure('filling the bank', lambda: fill(args))
    share, seen = parts.measure('the latest row of each image', bank.share)
    share = parts.measure('unit rows in float32', lambda: replace(share, features=F.normalize(share.features.float(), dim=1)))
    start = parts.measure(f'drawing {args.num_clusters:,} first centroids', lambda: share.sample(args.num_clusters, seed=0))
    centroids, _ = parts.measure('one iteration', lambda: lloyd(share, start, 1))
    found = parts.measure('last assignment and confidence', lambda: nearest(share.features, centroids, temperature=TEMPERATURE))
    phi = parts.measure('concentration', lambda: concentration(share.features, centroids, found.labels, reduce=share.reduce))
    labels, confidence = parts.measure('labels and confidence of all images', lambda: (
        share.spread(found.labels.int()).long(), share.spread(found.confidence)))
    accepted = parts.measure('acceptance', lambda: ConfidenceAcceptance('constant', end=0.5).accept(confidence, 0.))
    detector = PseudoLabelDetector()
    detector.bind(args.num_samples)
    level = Granularity(labels, confidence, centroids, phi)
    published = PseudoLabels(labels.where(accepted, -1).unsqueeze(0), [level], rate=0.5, progress=0.)
    parts.measure('labels that the detector keeps', lambda: detector.publish(published))
    if is_main():
        assert seen.all() and (detector.labels >= 0).sum() == int(args.num_samples * 0.5)
        write_json(args.json, dict(machine=where, arguments=vars(args), parts=parts.rows))
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == '__main__':
    main()
