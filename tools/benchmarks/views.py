"""Two views of a batch of tensors: our batched steps beside the same steps of kornia, on the same draws.

    OMP_NUM_THREADS=1 python tools/benchmarks/views.py

The recipes are those of the shipped configs; both alternate within one run. kornia is a requirement of the tests.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

import torch
from measure import Spread, alternate, machine, ratio, write_json
from rich.console import Console
from rich.table import Table

from mmifnd.configuration import load_config
from mmifnd.models.preprocessors import TensorViewsPreprocessor

ROOT = Path(__file__).resolve().parents[2]
#: Config, and the shape of its images.
RECIPES = {'digits': ('configs/baselines/simclr_digits.py', (1, 8, 8)),
           'Fashion-MNIST': ('configs/baselines/simclr_fashion_mnist.py', (1, 16, 16)),
           'CIFAR-10, MoCo': ('configs/baselines/mocov2_r18_1xb256-coslr_200e_cifar10.py', (3, 32, 32))}


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch-size', type=int, default=256)
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--json', metavar='FILE', help='also write every measurement here')
    return parser.parse_args()


def measure(config: str, shape: tuple[int, ...], args: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of two views, by library."""
    options = dict(load_config(str(ROOT / config)).model.data_preprocessor)
    options.pop('type')
    batch = dict(inputs=torch.randint(0, 256, (args.batch_size, *shape), dtype=torch.uint8),
                 index=torch.arange(args.batch_size), epoch=torch.tensor(0))
    steps = {'ours': options['augmentation'],
             'kornia': [dict(step, type=f'kornia.{step["type"]}') for step in options['augmentation']]}
    device = torch.device(args.device)
    made = {name: TensorViewsPreprocessor(**dict(options, augmentation=augmentation)).to(device)
            for name, augmentation in steps.items()}
    works = {name: lambda preprocessor=preprocessor: preprocessor(batch, training=True) for name, preprocessor in made.items()}
    return alternate(works, args.rounds, device, warm_up=2)


def main() -> None:
    """Measure, print, and write what was asked for."""
    args = parse_args()
    torch.set_num_threads(1)
    console = Console(width=None if sys.stdout.isatty() else 120)
    where = machine(torch.device(args.device))
    console.print(', '.join(f'{key} {value}' for key, value in where.items()), soft_wrap=True)
    table, results = Table('recipe', 'ours, ms', 'kornia, ms', 'kornia / ours (quartiles)'), {}
    for name, (config, shape) in RECIPES.items():
        results[name] = times = measure(config, shape, args)
        faster = ratio(times['kornia'], times['ours'])
        table.add_row(name, *(f'{1000 * Spread.of(times[library]).median:.2f}' for library in ('ours', 'kornia')),
                      f'{faster.median:.1f} ({faster.low:.1f} to {faster.high:.1f})')
    console.print(table)
    write_json(args.json, dict(machine=where, arguments=vars(args), seconds=results))


if __name__ == '__main__':
    main()
