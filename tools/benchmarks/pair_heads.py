"""What false negatives cost in a step of image-text pairs: forward and backward pass of both heads, without towers.

    OMP_NUM_THREADS=1 python tools/benchmarks/pair_heads.py --batch 256 --dim 1024 --pairs 2723840

Prints milliseconds of CPU time (median of --steps) of each head with and without detectors, and the bytes that are kept of each
pair. On a GPU (--device cuda) time is measured on the device.
"""

import argparse
import statistics
import time

import torch

from mmifnd.contrast import Contrast
from mmifnd.image_table import ImageTable
from mmifnd.registry import MODELS

HEADS = dict(
    clip=dict(type='mmifnd.ElimContrastiveHead', temperature=0.07),
    sogclr=dict(type='mmifnd.FastCLIPHead', version='v1', temperature=0.03),
    fastclip=dict(type='mmifnd.FastCLIPHead', version='v3'),
    siglip=dict(type='mmifnd.SigmoidHead', temperature=0.1))
DETECTORS = dict(
    none=dict(type='mmifnd.NoDetector'), glofnd=dict(type='mmifnd.QuantileThresholdDetector', alpha=1e-3),
    fnc=dict(type='mmifnd.BatchQuantileDetector', alpha=1e-3))


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch', type=int, default=256, help='pairs per step')
    parser.add_argument('--dim', type=int, default=1024, help='dimension of the embedding')
    parser.add_argument('--pairs', type=int, default=2_723_840, help='pairs of the training set')
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def built(head: dict, detector: dict, pairs: int, device: str) -> list[torch.nn.Module]:
    """The heads of both directions, in the middle of a training."""
    heads = [MODELS.build(dict(head, detector=dict(detector))).to(device).train() for _ in range(2)]
    for part in (part for head in heads for part in head.modules()):
        if hasattr(part, 'bind'):
            part.bind(pairs)
        if hasattr(part, 'start_epoch') and callable(part.start_epoch):
            part.start_epoch(5, 10)
    return heads


def step(heads: list[torch.nn.Module], image: torch.Tensor, text: torch.Tensor, index: torch.Tensor) -> None:
    """Both directions, forwards and backwards."""
    own = torch.eye(len(index), dtype=torch.bool, device=index.device)
    contrasts = (Contrast.build(image, text, text, index, index, own), Contrast.build(text, image, image, index, index, own))
    sum(head.loss(contrast)['loss'] for head, contrast in zip(heads, contrasts, strict=True)).backward()


def milliseconds(heads: list[torch.nn.Module], args: argparse.Namespace) -> float:
    """Median time of a step."""
    generator, times = torch.Generator().manual_seed(0), []
    for _ in range(args.steps + 2):
        image, text = (torch.nn.functional.normalize(torch.randn(args.batch, args.dim, generator=generator), dim=1)
                       .to(args.device).requires_grad_() for _ in range(2))
        index = torch.randint(args.pairs, (args.batch,), generator=generator).to(args.device)
        begin = now(args.device)
        step(heads, image, text, index)
        times.append(1000 * (now(args.device) - begin))
    return statistics.median(times[2:])


def now(device: str) -> float:
    """Seconds: of the process on the CPU, so that others on the machine do not count; on a GPU of the clock."""
    if device == 'cpu':
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    """Print the table."""
    args = parse_args()
    print(f'batch {args.batch}, {args.dim} dimensions, {args.pairs} pairs, {args.device}, torch {torch.__version__}')
    print('| head | ' + ' | '.join(DETECTORS) + ' | bytes of a pair (glofnd) |\n|---' * 1 + '|---' * (len(DETECTORS) + 1) + '|')
    for name, head in HEADS.items():
        cells, size = [], 0
        for detector in DETECTORS.values():
            heads = built(head, detector, args.pairs, args.device)
            cells.append(f'{milliseconds(heads, args):.2f} ms')
            if detector is DETECTORS['glofnd']:
                tables = [part for own in heads for part in own.modules() if isinstance(part, ImageTable)]
                size = sum(getattr(table, column).element_size() for table in tables for column in table.initial)
        print(f'| {name} | ' + ' | '.join(cells) + f' | {size} |', flush=True)


if __name__ == '__main__':
    main()
