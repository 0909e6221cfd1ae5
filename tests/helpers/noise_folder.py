"""Folders of noise with random labels, of which nothing can be learned, and runs on them that take no time."""

import numpy as np
import torch
from PIL import Image

from mmifnd.apis import build_framework
from mmifnd.apis.pretraining import pretraining_config

CLASSES = 'abcd'
#: A backbone that encodes hundreds of pictures in a second.
TINY = {'model.backbone': dict(_delete_=True, type='SmallCNN', in_channels=3, widths=(4, 8)), 'model.neck.in_channels': 8,
        'model.neck.hidden_channels': 8, 'log_level': 'ERROR', 'test_cfg.measures.knn.k': 5,
        'test_cfg.measures.few_shot.num_draws': 10, 'test_cfg.measures.nmi.num_runs': 1}
#: Accuracy of guessing, in per cent.
CHANCE = 100 / len(CLASSES)


def write_noise(root, count=160, size=12, seed=0):
    """Pictures of noise; a quarter of them in each class, at random."""
    random = np.random.default_rng(seed)
    for number, label in enumerate(random.permutation(np.arange(count) % len(CLASSES))):
        path = root / CLASSES[label] / f'{number:03d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (size, size, 3), dtype=np.uint8)).save(path)
    return root


def folder_config(folder, out, holdout=0.2, **options):
    """The file of a config of :func:`mmifnd.apis.pretrain`, and a checkpoint that was not trained."""
    config, _ = pretraining_config(folder, 'none', 'simclr', 'resnet18', 1, 40, 12, 0, 0, holdout)
    config.merge_from_dict({**TINY, **options})
    out.mkdir(parents=True, exist_ok=True)
    config.dump(str(out / 'config.py'))
    torch.manual_seed(0)
    torch.save(dict(state_dict=build_framework(out / 'config.py').state_dict()), out / 'epoch_1.pth')
    return out / 'config.py', out / 'epoch_1.pth'


def three_errors(count, chance=CHANCE):
    """Three standard errors of an accuracy over ``count`` images, in per cent."""
    return 300 * np.sqrt(chance / 100 * (1 - chance / 100) / count)
