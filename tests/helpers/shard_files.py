"""Shards of image-text pairs in img2dataset's layout."""

import io
import json
import tarfile

import numpy as np
from PIL import Image

ANIMALS = ('cat', 'dog', 'fox', 'owl')
#: An open_clip model that trains in milliseconds on images of 32 pixels.
TINY_CLIP = dict(embed_dim=12, vision_cfg=dict(image_size=32, layers=1, width=16, head_width=8, patch_size=16),
                 text_cfg=dict(context_length=77, vocab_size=49408, width=16, heads=2, layers=1))
#: Overrides that cut a recipe of configs/clip to it, for a CPU.
TINY_OPTIONS = {
    'model.backbone.model': dict(TINY_CLIP, _delete_=True), 'model.text_backbone.model': dict(TINY_CLIP, _delete_=True),
    'model.neck.channels': 12, 'model.text_neck.channels': 12, 'optim_wrapper.type': 'OptimWrapper',
    'train_dataloader.dataset.pipeline.1.scale': 32, 'test_dataloader.dataset.pipeline.1.scale': 32,
    'test_dataloader.dataset.pipeline.2.crop_size': 32}


def write_shards(folder, num_shards=3, pairs=16, first=0):
    """Shards 00000.tar and on, of coloured noise; captions name one of four animals, and every fourth comes twice."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(first)
    for shard in range(num_shards):
        with tarfile.open(folder / f'{shard:05}.tar', 'w') as archive:
            for number in range(pairs):
                key, animal = f'{shard:05}{number:04}', number % len(ANIMALS)
                picture = io.BytesIO()
                noise = random.integers(0, 60, (40, 36, 3)) + np.array([60 * animal, 90, 200 - 60 * animal])
                Image.fromarray(noise.astype(np.uint8)).save(picture, 'JPEG')
                caption = f'a {ANIMALS[animal]}' + ('' if animal == 0 else f' with number {first + shard * pairs + number}')
                for suffix, content in (('jpg', picture.getvalue()), ('txt', caption.encode()),
                                        ('json', json.dumps(dict(key=key, caption=caption)).encode())):
                    info = tarfile.TarInfo(f'{key}.{suffix}')
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    return folder
