"""Evaluation of a pre-trained encoder: features of training and test images, and the measures over them."""

import os

import torch
from mmengine.runner import BaseLoop

from mmifnd.datasets import BROKEN_LIST
from mmifnd.distributed import all_reduce, unwrap
from mmifnd.evaluation import Summary
from mmifnd.models.frameworks.base import pool
from mmifnd.registry import DATASETS, LOOPS, METRICS

from ..features.feature_pass import extract_features
from ..metrics.multi_label import targets_of
from ..metrics.representation import Representation
from ..progress import reported


@LOOPS.register_module()
class RepresentationLoop(BaseLoop):
    """Judges the features of a pre-trained framework, or of one of mmpretrain's classifiers: ``tools/test.py`` runs it.

    Probes and neighbours learn from the training set of the config, through the test pipeline. A measure that the data
    cannot give (no labels, too few images of a class) is left out with one line, and the rest goes on. So it does without
    images that cannot be read: a test image is left out, for one to learn from another one stands in, as in training.

    Args:
        runner (Runner): the runner.
        dataloader (dict): of the test images.
        evaluator: not used; the measures stand in a dict, where an ablation can change one of them.
        measures (dict[str, dict]): registered under METRICS, by name.
        batch_size (int): images at a time on each rank.
        train_dataset (dict, optional): what probes learn from; the data set of ``train_dataloader`` unless given.
        max_broken (int): images of each set, on each process, that may turn out to be unreadable.

    Attributes:
        summaries (dict[str, Summary]): the draws of repeated measures, by name, after :meth:`run`.
    """

    def __init__(self, runner, dataloader: dict, evaluator=None, measures: dict[str, dict] | None = None,
                 batch_size: int = 256, train_dataset: dict | None = None, max_broken: int = 10) -> None:
        super().__init__(runner, dict(dataloader, dataset=_indexed(dataloader['dataset'], max_broken)))
        self.measures = {name: METRICS.build(config) for name, config in (measures or {}).items()}
        self.batch_size, self.max_broken = batch_size, max_broken
        self.train_dataset = train_dataset or runner.cfg.train_dataloader.dataset
        self.framework = unwrap(runner.model)
        self.summaries: dict[str, Summary] = {}

    def run(self) -> dict[str, float]:
        """Extract, measure, log; the measures by name, ``NAME_std`` beside the mean of a repeated one."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        representation = self.representation()
        metrics: dict[str, float] = {}
        for name, measure in self.measures.items():
            found = self._take(name, measure, representation)
            self.summaries.update({key: value for key, value in found.items() if isinstance(value, Summary)})
            metrics.update(_flat(found))
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    @torch.no_grad()
    def representation(self) -> Representation:
        """Features of both sets."""
        pipeline = self.runner.cfg.test_dataloader.dataset.get('pipeline')
        dataset = DATASETS.build(_indexed(self.train_dataset, self.max_broken))
        for images in (dataset, self.dataloader.dataset):
            images.broken_images.list_file = os.path.join(self.runner.work_dir, BROKEN_LIST)
        train, test = dataset.evaluation_view(pipeline), self.dataloader.dataset.evaluation_view(pipeline)
        embed = getattr(self.framework, 'cluster_feature', None)
        test_features = self._extract(test, self._encode, 'test images')
        read = ~_on_all_ranks(test.broken())
        return Representation(
            train=self._extract(train, self._encode, 'training images'), test=test_features[read],
            train_labels=_as_tensor(train.labels()), test_labels=_rows(_as_tensor(test.labels()), read),
            train_embedding=self._extract(train, embed, 'training embeddings') if embed else None,
            framework=self.framework, train_targets=targets_of(train),
            test_targets=_rows(targets_of(test), read), classes=tuple(dataset.metainfo.get('classes') or ()),
            test_classes=tuple(test.metainfo.get('classes') or ()))

    def _take(self, name: str, measure, representation: Representation) -> dict[str, float | Summary]:
        missing = representation.missing_for(measure)
        if not missing:
            try:
                with reported(name, 1):
                    return measure(representation)
            except ValueError as error:
                missing = str(error)
        self.runner.logger.warning(f'{name} is left out: {missing}')
        return {}

    def _encode(self, images: torch.Tensor) -> torch.Tensor:
        return pool(self.framework.extract_feat(images))  # mmpretrain's classifiers give a tuple

    def _extract(self, dataset, encode, what: str) -> torch.Tensor:
        with reported(what, len(dataset)) as report:
            return extract_features(self.framework, dataset, encode, self.batch_size, self.dataloader.num_workers,
                                    self.dataloader.collate_fn, report)


def _indexed(config: dict, max_broken: int) -> dict:
    return dict(type='mmifnd.IndexedDataset', dataset=config, max_broken=max_broken)


def _on_all_ranks(broken: torch.Tensor) -> torch.Tensor:
    counts = broken.int()
    all_reduce(counts)
    return counts > 0


def _rows(values: torch.Tensor | None, kept: torch.Tensor) -> torch.Tensor | None:
    return None if values is None else values[kept]


def _flat(found: dict) -> dict[str, float]:
    flat = {}
    for name, value in found.items():
        flat[name] = value.mean if isinstance(value, Summary) else value
        if isinstance(value, Summary) and value.standard_deviation is not None:
            flat[f'{name}_std'] = value.standard_deviation
    return flat


def _as_tensor(labels) -> torch.Tensor | None:
    return None if labels is None else torch.as_tensor(labels)
