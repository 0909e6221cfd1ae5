"""Write the features of a training set to a file, one row per image by stable index, with the fingerprint of the set beside it.

    mmifnd extract-features work_dirs/run/epoch_40.pth guide.npy --of configs/clip/clip_pairs.py
    mmifnd extract-features work_dirs/pairs/epoch_200.pth guide.npy --of CONFIG --feature t
    mmifnd extract-features torchvision/resnet50 guide.npy --of CONFIG --weights resnet50.pth

GuideDetector(features='guide.npy') detects by them, and refuses the file for another training set. Rows are kept as float16.
"""

import argparse
from pathlib import Path

from mmifnd.places import check_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which encoder, which images, and where the features go."""
    parser.add_argument('encoder', help='a checkpoint (.pth), or torchvision/NAME or timm/NAME with --weights')
    parser.add_argument('out', help='file to write, .npy')
    parser.add_argument('--of', required=True, metavar='CONFIG', help='config whose training images are encoded')
    parser.add_argument('--feature', choices=['z', 'f', 't'], default='f',
                        help="f: the backbone's feature (default); z: the embedding; t: that of each image's first caption")
    parser.add_argument('--config', help='of the checkpoint; default: the one beside it')
    parser.add_argument('--weights', help="file of a library's backbone; nothing is downloaded")
    parser.add_argument('--batch-size', type=int, default=128, help='images at a time (default: 128)')


def run(args: argparse.Namespace) -> None:
    """Encode and write."""
    from mmifnd.apis import extract_features
    from mmifnd.apis.auditing import frozen_backbone
    from mmifnd.configuration import load_config
    from mmifnd.datasets import IndexedDataset
    from mmifnd.datasets.building import build_dataset
    from mmifnd.detectors.guide import save_guide
    from mmifnd.errors import UserError
    if Path(args.out).suffix != '.npy':
        raise UserError(f'{args.out} must end in .npy')
    check_file(args.out)
    data = load_config(args.of).train_dataloader.dataset.to_dict()
    is_file = Path(args.encoder).suffix in ('.pth', '.pt')
    encoder = args.encoder if is_file else frozen_backbone(args.encoder, args.weights)
    found = extract_features(encoder, data, config=args.config, feature=args.feature, batch_size=args.batch_size, max_broken=0)
    save_guide(args.out, found.features, IndexedDataset(build_dataset(data)).fingerprint())
    print(f'{args.out}: {len(found.features)} rows of {found.features.shape[1]} dimensions')
