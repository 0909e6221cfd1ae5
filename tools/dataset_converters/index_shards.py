"""Index tar shards of image-text pairs on all cores, before a training: offsets beside each shard, or in a folder.

    python tools/dataset_converters/index_shards.py 'cc3m/{00000..00331}.tar' --workers 16
"""

import argparse
import multiprocessing
import sys
import time
from functools import partial

from mmifnd.datasets.pairs.shard_index import build_index, load_index
from mmifnd.datasets.pairs.shards import expand_shards


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('shards', nargs='+', help='paths with {00000..00331} or *')
    parser.add_argument('--index-dir', help='folder of the indices; default: beside the shards')
    parser.add_argument('--workers', type=int, default=multiprocessing.cpu_count(), help='processes (default: all cores)')
    return parser.parse_args()


def index_one(index_dir: str | None, shard: str) -> tuple[int, int, int]:
    """Pairs, samples without an image and samples without a caption of a shard."""
    index = load_index(shard, index_dir) or build_index(shard, index_dir)
    return len(index.pairs), index.no_image, index.no_caption


def main() -> None:
    """Index the shards and say what was found."""
    args = parse_args()
    try:
        if args.workers < 1:
            raise ValueError(f'--workers {args.workers} must be at least 1')
        shards, begin = expand_shards(args.shards), time.perf_counter()
        with multiprocessing.Pool(min(args.workers, len(shards))) as pool:
            found = pool.map(partial(index_one, args.index_dir), shards, chunksize=1)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    pairs, no_image, no_caption = (sum(column) for column in zip(*found, strict=True))
    print(f'{len(shards)} shards: {pairs} pairs, {no_image} samples without an image and {no_caption} without a caption left '
          f'out, in {time.perf_counter() - begin:.1f} s')


if __name__ == '__main__':
    main()
