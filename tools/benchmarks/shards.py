"""Tar shards of image-text pairs: time of the index for a sample, of a random read without decoding, and of reading names.

    OMP_NUM_THREADS=1 python tools/benchmarks/shards.py --samples 30000 --shards 3
"""

import argparse
import io
import random
import statistics
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from mmifnd.datasets.pairs.shard_index import RECORD, read_shard
from mmifnd.datasets.pairs.shards import PairShards


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--samples', type=int, default=30_000, help='samples in all shards (default: 30000)')
    parser.add_argument('--shards', type=int, default=3, help='shards (default: 3)')
    parser.add_argument('--rounds', type=int, default=5, help='rounds, of which the median counts (default: 5)')
    parser.add_argument('--seed', type=int, default=0, help='of images, captions and reads (default: 0)')
    return parser.parse_args()


def write_shards(folder: Path, samples: int, shards: int, seed: int) -> list[str]:
    """Shards in img2dataset's layout: a JPEG of 96 pixels, a caption of about ten words, and a json of both."""
    draw = random.Random(seed)
    words = [''.join(draw.choices('abcdefghijklmnopqrstuvwxyz', k=draw.randint(2, 9))) for _ in range(2000)]
    pixels = np.random.default_rng(seed).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'JPEG', quality=80)
    paths = []
    for number in range(shards):
        path = folder / f'{number:05}.tar'
        with tarfile.open(path, 'w', format=tarfile.USTAR_FORMAT) as archive:
            for sample in range(samples // shards):
                caption = ' '.join(draw.choices(words, k=draw.randint(6, 14))).capitalize() + '.'
                metadata = f'{{"caption": "{caption}", "key": "{number:05}{sample:04}", "status": "success"}}'
                for suffix, content in (('jpg', file.getvalue()), ('json', metadata.encode()), ('txt', caption.encode())):
                    member = tarfile.TarInfo(f'{number:05}{sample:06}.{suffix}')
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
        paths.append(str(path))
    return paths


def main() -> None:
    """Measure on generated shards, which lie in the page cache: the time is that of the code, not of the disk."""
    args = parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_shards(Path(folder), args.samples, args.shards, args.seed)
        total = args.samples // args.shards * args.shards
        index = []
        for _ in range(args.rounds):
            begin = time.process_time()
            assert sum(len(read_shard(path).pairs) for path in paths) == total
            index.append(total / (time.process_time() - begin))
        dataset = PairShards(paths)
        positions = random.Random(args.seed).sample(range(total), min(total, 20_000))
        read = []
        for _ in range(args.rounds):
            begin = time.process_time()
            for position in positions:
                dataset.get_data_info(position)
            read.append((time.process_time() - begin) / len(positions) * 1e6)
        size = sum(Path(path).stat().st_size for path in paths) / total
    print(f'{args.shards} shards, {total} samples of 3 files, {size / 1024:.1f} KiB per sample; median of {args.rounds} '
          'rounds, processor time')
    print(f'index: {statistics.median(index):,.0f} samples/s on one core (lowest {min(index):,.0f}), {RECORD.itemsize} bytes '
          'per pair')
    print(f'random read of image bytes and caption, not decoded: {statistics.median(read):.1f} us (highest {max(read):.1f})')


if __name__ == '__main__':
    main()
