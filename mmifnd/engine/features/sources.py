"""The sources of the features that are clustered: an exact pass over all images, or the steps of the training."""

from abc import ABC, abstractmethod

import torch
from torch import nn
from torch.utils.data import DataLoader

from mmifnd.clustering import RowShare
from mmifnd.datasets import IndexedDataset
from mmifnd.errors import UserError
from mmifnd.models.embedding import PAIR_FEATURES, check_feature
from mmifnd.parts import KeepsRankState

from ..progress import reported
from .epoch_features import EpochFeatures
from .feature_pass import extract_features, extract_share
from .image_batches import ImageBatches

#: The names that configs give to :class:`ExactPass` and :class:`TrainingSteps`.
SOURCES = ('extract', 'bank')
#: How many images are named whose features are not finite.
_NAMED = 3


class FeatureSource(ABC):
    """Gives the features of the training set at the end of an epoch.

    Args:
        kind (str): ``'z'``, the embedding, or ``'f'``, the backbone's feature; of image-text pairs also ``'t'``, the text's
            embedding.
    """

    #: Whether every image's feature is that of the present weights, in evaluation mode.
    is_exact = False

    def __init__(self, kind: str) -> None:
        check_feature(kind, PAIR_FEATURES)
        self.kind = kind

    def open(self, framework: nn.Module, dataset: IndexedDataset, pipeline: list[dict] | None,
             loader: DataLoader) -> None:
        """Take note of what the run is about.

        Args:
            pipeline (list[dict], optional): transforms of the test images.
            loader (DataLoader): of the training; a pass reads as it does.

        Raises:
            ValueError: if the framework has no such feature.
        """
        check_feature(self.kind, framework.features)
        self.framework, self.dataset = framework, dataset

    def take(self, completed: int) -> EpochFeatures:
        """The features after ``completed`` epochs; every rank must call it.

        Raises:
            UserError: naming the first images whose features are NaN or infinite.
        """
        features = self._take(completed)
        _check_finite(features.features, self.dataset)
        return features

    @abstractmethod
    def read_ahead(self) -> None:
        """Begin with what can be done before features are taken, which happens in a few steps."""

    @abstractmethod
    def close(self) -> None:
        """The run is over: end the processes that wait for the next pass."""

    @abstractmethod
    def _take(self, completed: int) -> EpochFeatures:
        """See :meth:`take`."""


class ExactPass(FeatureSource):
    """One pass over all images in evaluation mode.

    Args:
        kind (str): see :class:`FeatureSource`.
        pipeline (list[dict], optional): test transform, for data sets that read images one by one; that of the test images
            if None.
        batch_size (int): images at a time, on each rank.
        num_workers (int): processes that read images.
        stays_on_ranks (bool): whether each rank keeps the features of its own images only, a
            :class:`mmifnd.clustering.RowShare`.
    """

    is_exact = True

    def __init__(self, kind: str = 'z', pipeline: list[dict] | None = None, batch_size: int = 256, num_workers: int = 0,
                 stays_on_ranks: bool = False) -> None:
        super().__init__(kind)
        if num_workers < 0:
            raise ValueError(f'num_workers={num_workers} of FalseNegativeHook is negative; 0 reads in the main process')
        self.pipeline, self.batch_size, self.num_workers = pipeline, batch_size, num_workers
        self.stays_on_ranks = stays_on_ranks

    def open(self, framework, dataset, pipeline, loader) -> None:
        """See :meth:`FeatureSource.open`.

        Raises:
            UserError: if images are read one by one and nothing says how the test reads them.
        """
        super().open(framework, dataset, pipeline, loader)
        self.loader = loader
        self._images: ImageBatches | None = None
        self.pipeline = self.pipeline or pipeline
        if self.pipeline is None and not dataset.in_tensors:
            raise UserError('FalseNegativeHook has no test transform, and augmented views would be clustered; give '
                            'default_hooks.false_negative.pipeline, or a test_dataloader whose data set has a pipeline')

    def read_ahead(self) -> None:
        """See :meth:`FeatureSource.read_ahead`."""
        self.images.begin()

    def close(self) -> None:
        """See :meth:`FeatureSource.close`."""
        self._images = None

    @property
    def images(self) -> ImageBatches:
        """All images, in batches; the processes that read them stay from pass to pass."""
        if self._images is None:
            view = self.dataset.evaluation_view(self.pipeline)
            self._images = ImageBatches.like(self.loader, view, self.batch_size, self.num_workers, keep_workers=True)
        return self._images

    def _take(self, completed: int) -> EpochFeatures:
        extract = extract_share if self.stays_on_ranks else extract_features
        with reported('features', self.dataset.num_samples) as report:
            features = extract(self.framework, self.images, self._encode, report, texts=self.kind == 't')
        return EpochFeatures(completed, self.kind, features)

    def _encode(self, images: torch.Tensor) -> torch.Tensor:
        return self.framework.cluster_feature(images, self.kind)


class TrainingSteps(FeatureSource, KeepsRankState):
    """The features of the training steps since the last clustering: no extra pass; images that were not drawn take no part.

    Args:
        exact (ExactPass): what is taken before the first epoch, when there has been no step yet.
    """

    def __init__(self, exact: ExactPass) -> None:
        super().__init__(exact.kind)
        self.exact = exact

    def open(self, framework, dataset, pipeline, loader) -> None:
        """See :meth:`FeatureSource.open`; from now on the framework keeps the features of its steps."""
        super().open(framework, dataset, pipeline, loader)
        self.exact.open(framework, dataset, pipeline, loader)
        framework.keep_features(self.kind, dataset.num_samples)

    def read_ahead(self) -> None:
        """See :meth:`FeatureSource.read_ahead`; the steps leave nothing to do."""

    def close(self) -> None:
        """See :meth:`FeatureSource.close`."""
        self.exact.close()

    def _take(self, completed: int) -> EpochFeatures:
        if not completed:
            features = self.exact.take(completed)
            self.exact.close()  # it was the only pass
            return features
        bank = self.framework.feature_bank
        features, seen = bank.share() if self.exact.stays_on_ranks else bank.collect()
        self.framework.feature_bank.clear()
        return EpochFeatures(completed, self.kind, features, seen)

    def rank_state(self) -> dict:
        """The rows of this rank's steps, under ``bank``."""
        return dict(bank=self.framework.feature_bank.rank_state())

    def load_rank_states(self, states: list[dict]) -> None:
        """Continue with the rows of all ranks, if the checkpoint has them."""
        if all('bank' in state for state in states):
            self.framework.feature_bank.load_rank_states([state['bank'] for state in states])


def _check_finite(features: torch.Tensor | RowShare, dataset: IndexedDataset) -> None:
    share = features if isinstance(features, RowShare) else RowShare(features, torch.arange(len(features)), len(features))
    bad = share.not_finite().tolist()
    if bad:
        names = ', '.join(dataset.describe(index) for index in bad[:_NAMED])
        raise UserError(f'{len(bad)} of {share.total} images have NaN or infinite features, such as {names}; '
                        'look at these images, or lower the learning rate')
