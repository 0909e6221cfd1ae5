"""A look at image-text pairs before anything is trained on them."""

import os.path as osp
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from mmifnd.configuration.errors import EXPECTED, UserError, one_line
from mmifnd.datasets.building import build_dataset
from mmifnd.datasets.folder import FolderFiles, Layout
from mmifnd.datasets.image_data import ImageFolder
from mmifnd.datasets.load_image import LoadImageFromFile
from mmifnd.datasets.pairs import normalized_caption
from mmifnd.datasets.pairs.pair_data import pair_config
from mmifnd.datasets.pixels import WHITE
from mmifnd.datasets.text_files import shown

from .inspection import Inspection, look_at_names


@dataclass(frozen=True)
class PairInspection(Inspection):
    """The result of :func:`inspect` for image-text pairs.

    Attributes:
        captions (tuple[tuple[str, ...], ...]): those of each image, in the order of the data, also of images that were not
            looked at.
    """

    captions: tuple[tuple[str, ...], ...] = ()

    @cached_property
    def repeated(self) -> dict[str, int]:
        """Captions that several images have, normalised, and how many images have them; the most frequent first."""
        counts = Counter(text for own in self.captions for text in {normalized_caption(caption) for caption in own})
        return {text: count for text, count in counts.most_common() if count > 1}

    def rows(self) -> list[tuple[str, str]]:
        """The table: what, and what was found."""
        total = sum(map(len, self.captions))
        rows = dict(super().rows()) if self.looks else {}
        rows['folder'] = f'{total} captions of {len(self.captions)} images'
        words = sorted(len(caption.split()) for own in self.captions for caption in own)
        captions = f'{words[0]} to {words[-1]} words, median {words[len(words) // 2]}'
        pairs = [('captions', captions), ('repeated', self._repeated())]
        if not self.looks:
            return [('folder', rows['folder']), *pairs, ('images', 'in shards, which are not looked into')]
        return [('folder', rows.pop('folder')), *pairs, *rows.items()]

    def findings(self) -> dict[str, Any]:
        """All findings in plain values, for JSON."""
        return dict(super().findings(), num_captions=sum(map(len, self.captions)), repeated_captions=self.repeated)

    def print_line(self, console: Console | None = None) -> None:
        """The same in a line, on standard error."""
        if self.looks:
            super().print_line(console)
            return
        line = ', '.join(value if key == 'folder' else f'{key} {value}' for key, value in self.rows())
        (console or Console(stderr=True)).print(line, markup=False, highlight=False, soft_wrap=True)

    def _repeated(self) -> str:
        if not self.repeated:
            return '0'
        text, count = next(iter(self.repeated.items()))
        images = sum(any(normalized_caption(caption) in self.repeated for caption in own) for own in self.captions)
        return (f'{images} images share a caption with another one, {len(self.repeated)} captions in all, such as '
                f'{shown(text, 40)!r} ({count} images)')


def inspect_pairs(data: str | Path, max_images: int | None = None, background: Sequence[int] = WHITE,
                  num_threads: int | None = None) -> PairInspection:
    """Inspect image-text pairs, as :func:`inspect` does a folder; the images of shards are not read.

    Raises:
        UserError: if there are no pairs.
    """
    config = pair_config(data)
    try:
        dataset = build_dataset(config)
    except EXPECTED as error:
        raise UserError(one_line(error)) from None
    if config['type'] == 'PairShards':
        captions = tuple(tuple(dataset.captions_at(position)) for position in range(len(dataset)))
        return PairInspection(_folder(config, (), len(dataset)), (), (), captions=captions)
    infos = [dataset.get_data_info(position) for position in range(len(dataset))]
    root = config['data_root']
    names = [osp.relpath(info['img_path'], root) for info in infos]
    folder = _folder(config, tuple(names), len(names))
    looked = look_at_names(Path(root), names, max_images, LoadImageFromFile(background=background), num_threads)
    return PairInspection(folder, *looked, captions=tuple(tuple(info['captions']) for info in infos))


def _folder(config: dict[str, Any], names: tuple[str, ...], total: int) -> ImageFolder:
    files = FolderFiles(config['data_root'], names, (), Counter(), 0, (), ())
    return ImageFolder(files, Layout('flat', (), '', '', total), config, config)
