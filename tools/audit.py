"""Which share of the in-batch negatives is probably false, before any training: a table, audit.json, and sheets of pictures.

    python tools/audit.py features.npz                                  features (N, D), and labels (N,) if there are any
    python tools/audit.py work_dirs/run/epoch_40.pth                    by a checkpoint, on its training images, with pictures
    python tools/audit.py mocov2.pth /my/images --clusters 100 1000 --alphas 0.01
"""

import argparse
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmifnd.apis import audit  # noqa: E402
from mmifnd.apis.audit_report import print_audit, write_audit  # noqa: E402
from mmifnd.apis.auditing import FEATURES  # noqa: E402
from mmifnd.apis.thumbnails import Thumbnails  # noqa: E402
from mmifnd.configuration import one_line_errors  # noqa: E402
from mmifnd.configuration.run_config import training_images  # noqa: E402
from mmifnd.studies.summary import versions  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='.npz or .npy of features, or a checkpoint (.pth)')
    parser.add_argument('data', nargs='?', help='folder of images; subfolders are classes, which only tell what is right; '
                        'those of the training unless given')
    parser.add_argument('--config', help='of the checkpoint; the one beside it unless given')
    parser.add_argument('--clusters', nargs='+', type=int,
                        help="numbers of clusters; the paper's for so many images unless given")
    parser.add_argument('--alphas', nargs='+', type=float, default=[], help='shares of quantiles to look at besides')
    parser.add_argument('--batch-sizes', nargs='+', type=int, help='images a step; 256, 1024 and 4096 unless given')
    parser.add_argument('--feature', choices=['z', 'f'], help='of a checkpoint: embedding (where there is one) or backbone')
    parser.add_argument('--examples', type=int, default=5, help='anchors on each sheet of pictures')
    parser.add_argument('--seed', type=int, default=0, help='of the choice of anchors')
    parser.add_argument('--out', default='work_dirs/audit', help='folder for audit.json and the sheets')
    return parser.parse_args()


def main() -> None:
    """Look, print, write."""
    args = parse_args()
    with one_line_errors():
        data = args.data
        if data is None and Path(args.source).suffix not in FEATURES:
            data = training_images(args.source, args.config)
        found = audit(args.source, data, config=args.config, clusters=args.clusters, alphas=args.alphas,
                      batch_sizes=args.batch_sizes, feature=args.feature, num_examples=args.examples, seed=args.seed)
        print_audit(found)
        command = shlex.join(['python', 'tools/audit.py', *sys.argv[1:]])
        files = write_audit(found, args.out, None if data is None else Thumbnails(data),
                            dict(command=command, versions=versions()))
    print('\n'.join(map(str, files)))


if __name__ == '__main__':
    main()
