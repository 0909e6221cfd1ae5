"""What measures of image-text models need besides the features of images."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mmifnd.datasets import CaptionTokens, IndexedDataset
from mmifnd.datasets.tokenizers import Tokenizer

from ..features.text_pass import extract_texts
from ..progress import reported
from .measure import Measure
from .representation import Texts


def pair_features(framework: nn.Module, measures: Sequence[Measure], train: IndexedDataset | None, test: IndexedDataset,
                  read: Tensor, tokenizer: Tokenizer | None, embed: Callable[[IndexedDataset, str], Tensor],
                  batch_size: int) -> dict[str, Any]:
    """Fields of a :class:`Representation` that only image-text models have, as far as ``measures`` need them.

    Args:
        framework (nn.Module): the model; one without ``encode_text`` has no such fields.
        measures (Sequence): that will be taken.
        train (IndexedDataset, optional): each training image once; None if no measure needs them.
        test (IndexedDataset): each test image once.
        read (Tensor): bool (T,), the test images that could be read.
        tokenizer (Tokenizer, optional): what turns texts into token ids, if that is known.
        embed (Callable): from a data set and its name to the unit vectors of its images.
        batch_size (int): texts at a time on each rank.
    """
    if not hasattr(framework, 'encode_text'):
        return {}
    fields: dict[str, Any] = {}
    needs_captions, needs_tokenizer, needs_train = (any(getattr(measure, name) for measure in measures) for name in (
        'needs_captions', 'needs_tokenizer', 'needs_train_texts'))
    needs_train = needs_train or any(measure.asks_detector for measure in measures)
    if needs_captions or needs_tokenizer:
        fields['test_embedding'] = embed(test, 'test embeddings')[read]
    if needs_tokenizer:
        fields |= _encoder(framework, tokenizer, batch_size)
    if needs_captions:
        fields |= _texts(framework, test, tokenizer, read, batch_size)
    if needs_train and train is not None:
        fields['train_texts'] = _encoded(framework, train.caption_tokens(tokenizer, most=1), batch_size, 'training texts')
    return fields


def encode_texts(framework: nn.Module, tokenizer: Tokenizer, batch_size: int, texts: Sequence[str]) -> Tensor:
    """Unit vectors (P, D) of P texts, on the host."""
    return _encoded(framework, CaptionTokens(list(texts), torch.arange(len(texts)), tokenizer), batch_size, 'texts of classes')


def _encoder(framework: nn.Module, tokenizer: Tokenizer | None, batch_size: int) -> dict[str, Any]:
    if tokenizer is None:
        return dict(no_texts="nothing turns the names of classes into token ids; put dict(type='Tokenize', ...) into the "
                             'pipeline of the test images')
    return dict(encode_texts=partial(encode_texts, framework, tokenizer, batch_size))


def _texts(framework: nn.Module, test: IndexedDataset, tokenizer: Tokenizer | None, read: Tensor,
           batch_size: int) -> dict[str, Any]:
    """The captions of the images that could be read."""
    try:
        captions = test.caption_tokens(tokenizer).of_images(read)
    except ValueError as error:
        return dict(no_texts=str(error))
    missing = read.sum() - len(captions.owner.unique())
    if missing:
        return dict(no_texts=f'{int(missing)} of {int(read.sum())} test images have no caption; leave them out')
    return dict(texts=Texts(_encoded(framework, captions, batch_size, 'test texts'), captions.owner, captions.group))


def _encoded(framework: nn.Module, captions: CaptionTokens, batch_size: int, what: str) -> Tensor:
    with reported(what, len(captions)) as report:
        return extract_texts(framework, captions, batch_size, report)
