"""The data set that the train loop reads: each sample knows which image it is, and draws as that image draws."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from torch.utils.data import Dataset

from mmifnd.errors import UserError
from mmifnd.functional.counter_random import counter_hash
from mmifnd.registry import DATASETS
from mmifnd.shortage import ShortageError

from .annotations import (
    captions_of,
    check_inside,
    fingerprint_of,
    groups_of,
    labels_of,
    leaf_captions,
    leaf_name,
    names_of,
    unordered_fingerprint_of,
)
from .broken_images import BrokenImages
from .building import build_dataset
from .file_bytes import reason_of, tried_again
from .fingerprint import describe
from .identity import ImageIdentity
from .pairs.caption_tokens import CaptionTokens, caption_tokens_of
from .pairs.texts import cut_captions, text_format_of, texts_in_tensors, tokenizer_of
from .pipelines import with_pipeline
from .reading_notes import noted
from .sample_index import index_of, num_samples, trace_origin
from .sample_seed import generators_kept, sample_seed
from .subset import SubsetDataset
from .tensor_images import TensorImages
from .text_files import shown
from .tokenizers import Tokenizer

#: Images that are drawn in place of one that cannot be read; after so many broken ones the next sound one is taken.
DRAWS = 8


@DATASETS.register_module()
class IndexedDataset(Dataset):
    """A data set whose samples carry the stable global index of their image (see :func:`sample_index`).

    Samples of mmpretrain's data sets get ``sample_idx`` and ``epoch`` in ``data_samples``; the generators of Python,
    numpy and torch are seeded from (seed, epoch, sample index) before each, so its views are the same for any batch,
    number of workers and processes. Data sets held in tensors (:class:`TensorImages`, also wrapped) give whole batches
    instead; use ``collate_fn=dict(type='keep_batch')`` and :class:`TensorViewsPreprocessor` with them.

    Args:
        dataset (dict | Dataset): config or data set, possibly nested.
        seed (int): of the draws.
        max_broken (int): images that may turn out to be unreadable, at a second try as well. Each is reported once, and another
            one, drawn by a hash of (image, attempt), replaces it, under its own index.

    Attributes:
        index (np.ndarray): int64 (len(self),), the stable index of the image at each position.
        num_samples (int): how many different images there are; N below.
        broken_images (BrokenImages): those that could not be read, shared with views and worker processes.

    Raises:
        ValueError: if the data set has no indices, is indexed already, or mixes tensors with files or with other
        sizes.
    """

    def __init__(self, dataset: dict | Dataset, seed: int = 0, max_broken: int = 0) -> None:
        self.dataset = build_dataset(dataset)
        self.seed, self.max_broken = seed, max_broken
        # In shared memory: workers that persist from epoch to epoch hold a copy of this object.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._origin = trace_origin(self.dataset)
        self.index = index_of(self._origin)
        self.num_samples = num_samples(self.index)
        self._first = np.unique(self.index, return_index=True)[1]
        self.in_tensors = _check_leaves(self._origin.leaves)
        self.in_pairs = self.in_tensors and self.text_format() is not None
        self._labels = None
        self.broken_images = BrokenImages(self.num_samples, max_broken)
        self._is_evaluation_view = False

    @property
    def metainfo(self) -> dict:
        """The data set's own information, such as its classes."""
        return getattr(self.dataset, 'metainfo', {})

    @property
    def epoch(self) -> int:
        """0-based."""
        return int(self._epoch)

    def set_epoch(self, epoch: int) -> None:
        """Draw the views of this epoch (0-based) from now on, in all workers; call it before the loader is iterated."""
        self._epoch.fill_(epoch)

    def full_init(self) -> None:
        """Nothing to do: the annotations were loaded at once. mmengine's loader builder calls it."""

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, position: int) -> dict:
        """The sample at a position; from tensors: dict(inputs=uint8 (C, H, W), index=int64 (), epoch=int64 ())."""
        if self.in_tensors:
            batch = self.__getitems__([position])
            return dict(inputs=batch['inputs'][0], index=batch['index'][0], epoch=batch['epoch'])
        sample, index = self._read(position)
        data_sample = sample.get('data_samples') if isinstance(sample, dict) else None
        if data_sample is None:
            raise ValueError(f'{self.describe(index)} came without data_samples; end the pipeline with PackInputs')
        for name, value in (('sample_idx', index), ('epoch', self.epoch)):
            data_sample.set_field(value, name, field_type='metainfo')
        return sample

    def _read(self, position: int) -> tuple[dict, int]:
        """The sample at a position, and whose it is: that of another image if this one cannot be read."""
        image_index = int(self.index[position])
        last = 'not one is left'
        for attempt in range(DRAWS + len(self)):
            index = int(self.index[position])
            if index not in self.broken_images or self.broken_images.too_many:
                try:
                    return self.read(position), image_index if self._is_evaluation_view else index
                except ShortageError:
                    raise
                except Exception as error:
                    self.broken_images.add(index, self.describe(index), error, not self._is_evaluation_view)
                    last = f'the last of them {self.describe(index)}: {reason_of(error)}'
            position = (int(counter_hash(image_index, attempt)) if attempt < DRAWS else position + 1) % len(self)
        raise UserError(f'no image of the data set can be read, {last}; repair them')

    def read(self, position: int) -> dict:
        """The sample at a position of images in files, as the pipeline gives it, at the second try if the first one fails.

        No other image replaces one that cannot be read.

        Raises:
            ShortageError: if the machine is short of something.
            Exception: any other that the pipeline raises twice.
        """
        index = int(self.index[position])

        def read() -> dict:
            with sample_seed(self.seed, self.epoch, index), noted() as notes:
                sample = self.dataset[position]
            if notes:
                self.broken_images.report(self.describe(index), notes)
            return sample
        return tried_again(read)

    def __getitems__(self, positions: Sequence[int]) -> dict | list[dict]:
        """Samples; from tensors a batch: dict(inputs=uint8 (B, C, H, W), index=int64 (B,), epoch=int64 ()).

        Pairs in tensors also give ``text``, int32 (B, L).
        """
        if not self.in_tensors:
            with generators_kept():
                return [self[position] for position in positions]
        positions = np.asarray(positions, dtype=np.int64)
        batch = dict(
            inputs=self._gather(positions), index=torch.from_numpy(self.index[positions]), epoch=self._epoch.clone())
        if not self.in_pairs:
            return batch
        draw = None if self._is_evaluation_view else (self.seed, self.epoch)  # in evaluation, the first caption
        return dict(batch, text=texts_in_tensors(self._origin[positions], batch['index'], draw))

    def labels(self) -> np.ndarray | None:
        """int64 (N,), the label of each image, by stable index; None if the data set has no labels."""
        if self._labels is None:
            self._labels = labels_of(self._origin[self._first])
        return self._labels

    def groups(self) -> np.ndarray | None:
        """int64 (N,), the group of each image, by stable index, -1 where it is unknown; None if no image has one."""
        return groups_of(self._origin[self._first])

    def captions(self) -> list[list[str]] | None:
        """The captions of each image, by stable index; None if one of the data sets has none."""
        return captions_of(self._origin[self._first])

    def captions_of(self, sample_index: int) -> list[str] | None:
        """The captions of one image, by stable index; None if it has none."""
        first = self._first[sample_index]
        return leaf_captions(self._origin.leaves[self._origin.leaf[first]], int(self._origin.position[first]))

    def text_format(self) -> tuple[int, int] | None:
        """Vocabulary and length of the token ids that come with each image; None if none come."""
        return text_format_of(self._origin.leaves)

    def tokenizer(self) -> Tokenizer | None:
        """What turns the captions into token ids; None if that is not known."""
        return tokenizer_of(self._origin.leaves)

    def caption_tokens(self, tokenizer: Tokenizer | None = None, most: int | None = None) -> CaptionTokens:
        """All captions of the images as token ids, in the order of the stable index.

        Args:
            tokenizer (Tokenizer, optional): default: that of the data set.
            most (int, optional): captions of an image, the first ones; default: all.

        Raises:
            ValueError: if the images have no captions, or there is no tokenizer.
        """
        origin = self._origin[self._first]
        captions = None if self.in_tensors else self.captions()
        return caption_tokens_of(origin, captions, tokenizer or self.tokenizer(), most)

    def num_cut_captions(self) -> int:
        """Captions that were longer than the tokenizer's context, and have been cut, so far."""
        return sum(cut_captions(leaf) for leaf in self._origin.leaves)

    def names(self) -> list[str] | None:
        """N paths relative to the data root, by stable index; None if the images have no paths."""
        return names_of(self._origin[self._first])

    def identity(self) -> ImageIdentity:
        """Files, sizes and contents of the N images, by stable index; see :func:`mmifnd.datasets.identity.image_keys`."""
        return ImageIdentity(self._origin[self._first])

    def fingerprint(self, ordered: bool = True) -> str:
        """16 hex digits that change where the images, or their order, change; per-image state fits one of them only.

        With ``ordered=False``, those of the images in any order.
        """
        return (fingerprint_of if ordered else unordered_fingerprint_of)(self._origin[self._first])

    def description(self) -> dict:
        """What a checkpoint keeps of the images: see :func:`mmifnd.datasets.fingerprint.describe`."""
        return describe(self._origin[self._first])

    def broken(self) -> torch.Tensor:
        """The images that this process or its workers have found unreadable so far, bool (N,), by stable index."""
        return self.broken_images.flags()

    def describe(self, sample_index: int) -> str:
        """An image in words, by stable index: its path, or 'image 17'."""
        name = self.path(sample_index)
        return f'image {sample_index}' if name is None else f'image {sample_index} ({shown(name, 200)})'

    def path(self, sample_index: int) -> str | None:
        """The file of an image, by stable index; None if it is in memory."""
        first = self._first[sample_index]
        return leaf_name(self._origin.leaves[self._origin.leaf[first]], int(self._origin.position[first]))

    def evaluation_view(self, pipeline: Sequence[dict] | None = None) -> 'IndexedDataset':
        """Each image once, in the order of the stable index: position i is image i.

        Args:
            pipeline (Sequence[dict] | None): transforms that replace those of the data set, such as a centre crop; None
                keeps them. Images in tensors have none.

        Returns:
            IndexedDataset: shares annotations and images with this one. An image that cannot be read keeps its place, and
            shows another.
        """
        dataset = self.dataset if pipeline is None else with_pipeline(self.dataset, pipeline)
        return self._view(SubsetDataset(dataset, self._first), self.broken_images)

    def part(self, chosen: Sequence[int]) -> 'IndexedDataset':
        """Some images of an evaluation view, which are counted anew: position i is image ``chosen[i]`` of this one."""
        return self._view(SubsetDataset(self.dataset, chosen), self.broken_images.part(chosen))

    def _view(self, dataset: Dataset, broken_images: BrokenImages) -> 'IndexedDataset':
        view = IndexedDataset(dataset, self.seed, self.max_broken)
        view.broken_images = broken_images
        view._is_evaluation_view = True
        return view

    def _gather(self, positions: np.ndarray) -> torch.Tensor:
        """uint8 (B, C, H, W), straight from the tensors below all wrappers."""
        origin = self._origin[positions]
        if len(origin.leaves) == 1:
            return origin.leaves[0].get_batch(torch.from_numpy(origin.position))
        images = torch.empty((len(positions), *origin.leaves[0].images.shape[1:]), dtype=torch.uint8)
        for number, leaf in enumerate(origin.leaves):
            rows = torch.from_numpy(np.flatnonzero(origin.leaf == number))
            images[rows] = leaf.get_batch(torch.from_numpy(origin.position)[rows])
        return images


def _check_leaves(leaves: list) -> bool:
    """Whether all images are in tensors; refuses mixtures and what would put a wrong image under an index."""
    for leaf in leaves:
        if isinstance(leaf, IndexedDataset):
            raise ValueError('the data set is an IndexedDataset already; the train loop wraps it, so take it out')
        if isinstance(leaf, BaseDataset):
            check_inside(leaf)
            leaf.max_refetch = 0  # mmengine replaces an unreadable image by a random one, under the same position
    in_tensors = [isinstance(leaf, TensorImages) for leaf in leaves]
    if not any(in_tensors):
        return False
    shapes = {tuple(leaf.images.shape[1:]) if tensor else 'files' for leaf, tensor in zip(leaves, in_tensors)}
    if len(shapes) > 1:
        raise ValueError(f'images of different kinds cannot share a batch: {sorted(map(str, shapes))}')
    return True
