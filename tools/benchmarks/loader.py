"""Images per second and core: both halves of the device pipeline, MoCo v2's pipeline, and lightly's of torchvision transforms.

    OMP_NUM_THREADS=1 python tools/benchmarks/loader.py
    OMP_NUM_THREADS=1 python tools/benchmarks/loader.py --folder data/imagenet/train --images 64

An image is two views of 224 pixels. All read the same files from the page cache, alternate within one run, and are measured by
CPU time of the process; ratios are taken within a round. Without --folder JPEGs are generated: smooth shapes with texture.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2
import numpy as np
import torch
from measure import Spread, alternate, machine, ratio, write_json
from mmengine.dataset import default_collate
from mmengine.registry import DefaultScope
from PIL import Image
from rich.console import Console
from rich.table import Table

from mmifnd.configuration import load_config
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.folder import walk_folder
from mmifnd.registry import MODELS

TODAY, DEVICE = ('configs/ifnd/ifnd_r50_8xb32_200e_in1k.py', 'configs/ifnd/ifnd_r50_8xb32_200e_in1k_device.py')
ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--folder', help='of images; default: generated JPEGs')
    parser.add_argument('--images', type=int, default=16, help='images of a round and of the batch of the device half')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--width', type=int, default=500, help='of the generated images')
    parser.add_argument('--height', type=int, default=375)
    parser.add_argument('--no-lightly', action='store_true', help='leave out lightly, a requirement of the tests')
    parser.add_argument('--json', metavar='FILE', help='also write every measurement here')
    return parser.parse_args()


def write_images(folder: Path, count: int, width: int, height: int) -> None:
    """JPEGs of quality 90: smooth noise at four scales, of about as many bytes for a pixel as photographs have."""
    draw = np.random.default_rng(0)
    for number in range(count):
        image = np.zeros((height, width, 3), np.float32)
        for scale, weight in ((4, 60), (16, 40), (64, 20), (200, 10)):
            noise = draw.standard_normal((scale * height // width + 2, scale, 3)).astype(np.float32)
            image += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
        Image.fromarray((image + 128).clip(0, 255).astype(np.uint8)).save(folder / f'{number:04}.jpg', quality=90)


def dataset_of(config: str, folder: str) -> IndexedDataset:
    """The training images of a config, from another folder."""
    pipeline = load_config(str(ROOT / config)).train_dataloader.dataset.pipeline
    return IndexedDataset(dict(type='CustomDataset', data_root=folder, with_label=False, pipeline=pipeline))


def reading(config: str, folder: str, count: int) -> Callable[[], list]:
    """Reads the images as a worker of the loader does."""
    dataset, round_number = dataset_of(config, folder), iter(range(10**9))

    def work() -> list:
        dataset.set_epoch(next(round_number))
        return dataset.__getitems__(range(count))
    return work


def device_half(folder: str, count: int) -> Callable[[], dict]:
    """Augments a batch that has been cut."""
    preprocessor = MODELS.build(load_config(str(ROOT / DEVICE)).model.data_preprocessor)
    batch = default_collate(dataset_of(DEVICE, folder).__getitems__(range(count)))
    return lambda: preprocessor(batch, training=True)


def by_lightly(folder: str, count: int) -> Callable[[], list]:
    """Reads the images as lightly's loader does: Pillow, and torchvision's transforms of MoCo v2."""
    from lightly.transforms import MoCoV2Transform
    transform = MoCoV2Transform(input_size=224, cj_strength=1., cj_bright=0.4, cj_contrast=0.4, cj_sat=0.4, cj_hue=0.1)
    paths = [os.path.join(folder, name) for name in walk_folder(folder).images[:count]]

    def work() -> list:
        torch.manual_seed(0)
        return [transform(Image.open(path).convert('RGB')) for path in paths]
    return work


def table_of(times: dict[str, list[float]], images: int) -> Table:
    """Images per second, and how many times MoCo v2's pipeline of today that is."""
    table = Table('', 'images/s/core', 'ms an image', "of today's pipeline (quartiles)")
    for name, durations in times.items():
        faster, one = ratio(times['today'], durations), Spread.of(durations).median / images
        quartiles = f'{faster.median:.2f} ({faster.low:.2f} to {faster.high:.2f})'
        table.add_row(name, f'{1 / one:.0f}', f'{1000 * one:.2f}', quartiles)
    return table


def main() -> None:
    """Measure, print, and write what was asked for."""
    args = parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    console = Console(width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory() as scratch, DefaultScope.overwrite_default_scope('mmifnd'):
        folder = args.folder or scratch
        if not args.folder:
            write_images(Path(scratch), args.images, args.width, args.height)
        works = {'workers': reading(DEVICE, folder, args.images), 'today': reading(TODAY, folder, args.images),
                 'device half on the CPU': device_half(folder, args.images)}
        if not args.no_lightly:
            works['lightly'] = by_lightly(folder, args.images)
        times = alternate(works, args.rounds, torch.device('cpu'))
        nbytes = [os.path.getsize(os.path.join(folder, name)) for name in walk_folder(folder).images[:args.images]]
    times['both halves on the CPU'] = [a + b for a, b in zip(times['workers'], times['device half on the CPU'])]
    where = machine(torch.device('cpu'))
    console.print(', '.join(f'{key} {value}' for key, value in where.items()), soft_wrap=True)
    console.print(f'{args.images} images of {sum(nbytes) / len(nbytes) / 1000:.0f} kB on average, {args.rounds} rounds')
    console.print(table_of(times, args.images))
    write_json(args.json, dict(machine=where, arguments=vars(args), seconds=times))


if __name__ == '__main__':
    main()
