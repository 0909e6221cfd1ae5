"""Captions in the JSON files of COCO, and in those that Karpathy has split."""

from collections.abc import Iterator
from typing import Any

from mmifnd.foreign import parse_json
from mmifnd.registry import DATASETS

from ..text_files import read_text, shown
from .pair_files import PairFiles, Row


@DATASETS.register_module()
class CocoCaptions(PairFiles):
    """``captions_train2017.json`` and its like (Chen et al., arXiv 1504.00325): ``images`` and ``annotations``.

    Arguments: see :class:`PairFiles`. Lines in messages count the images of the file.

    Raises:
        ValueError: if the file holds no captions, such as that of instances, or a caption of an unknown image.
    """

    def read_rows(self) -> Iterator[Row]:
        """Each image with its captions."""
        content = read_json(self.ann_file, self.what)
        images, annotations = (_list_of(content, key, self.what) for key in ('images', 'annotations'))
        if annotations and 'caption' not in annotations[0]:
            raise ValueError(f'{self.what} has no captions, but {", ".join(sorted(annotations[0]))}; take captions_*.json of '
                             'COCO instead of its instances or keypoints')
        captions: dict[Any, list] = {}
        for image in images:
            number = _plain(image, 'id', self.what)
            if number in captions:
                raise ValueError(f'{self.what} has the id {shown(repr(number))} for two images; give each its own')
            captions[number] = []
        for annotation in annotations:
            if _plain(annotation, 'image_id', self.what) not in captions:
                raise ValueError(f'{self.what} has a caption of image {shown(repr(annotation["image_id"]))}, which is not '
                                 'among its images')
            captions[annotation['image_id']].append(annotation.get('caption'))
        for number, image in enumerate(images, 1):
            yield Row(_value(image, 'file_name', self.what), captions[image['id']], number)


@DATASETS.register_module()
class KarpathyJson(PairFiles):
    """``dataset_coco.json`` and ``dataset_flickr30k.json`` with Karpathy's splits (Karpathy & Fei-Fei, CVPR 2015).

    Args:
        ann_file (str): the file.
        split (str): ``'train'``, ``'val'`` or ``'test'``; COCO's ``'restval'`` belongs to train.
        restval (bool): whether it does.
        **kwargs: see :class:`PairFiles`. Lines in messages count the images of the file.

    Raises:
        ValueError: if the file is of another kind, or has no such split.
    """

    def __init__(self, ann_file: str, split: str = 'train', restval: bool = True, **kwargs) -> None:
        self.split, self.restval = split, restval
        super().__init__(ann_file, **kwargs)

    def read_rows(self) -> Iterator[Row]:
        """Each image of the split with its sentences."""
        images = _list_of(read_json(self.ann_file, self.what), 'images', self.what)
        if images and not ('sentences' in images[0] and 'split' in images[0]):
            raise ValueError(f'{self.what} has no sentences and splits; use CocoCaptions for captions_*.json of COCO')
        wanted = {self.split, 'restval'} if self.split == 'train' and self.restval else {self.split}
        splits = sorted({str(_plain(image, 'split', self.what)) for image in images})
        if not wanted & set(splits):
            raise ValueError(f'split={self.split!r} does not occur in {self.what}; it has {", ".join(splits)}')
        for number, image in enumerate(images, 1):
            if image['split'] in wanted:
                folder = image.get('filepath')
                name = _value(image, 'filename', self.what)
                captions = [sentence.get('raw') for sentence in _list_of(image, 'sentences', self.what)]
                yield Row(f'{folder}/{name}' if folder else name, captions, number)


def read_json(path: str, what: str) -> Any:
    """The content of a JSON file.

    Raises:
        ValueError: if it is none, or a key stands twice in an object.
    """
    return parse_json(read_text(path, what), what)


def _value(item: dict, key: str, what: str) -> Any:
    """What an object has under ``key``."""
    if key not in item:
        raise ValueError(f'{what} has an image without {key!r}, but with {", ".join(sorted(map(str, item)))}')
    return item[key]


def _plain(item: dict, key: str, what: str) -> Any:
    """What an object has under ``key``, if it is a text or a number."""
    value = _value(item, key, what)
    if not isinstance(value, (str, int, float)):
        raise ValueError(f'{what} has {shown(repr(value))} under {key!r}; it must be a text or a number')
    return value


def _list_of(content: Any, key: str, what: str) -> list[dict]:
    """The list of objects under ``key``."""
    entries = content.get(key) if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(item, dict) for item in entries):
        have = ', '.join(sorted(map(str, content))) if isinstance(content, dict) else f'a {type(content).__name__}'
        raise ValueError(f'{what} has no list {key!r} of objects, but {have}')
    return entries
