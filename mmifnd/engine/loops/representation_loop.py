"""Evaluation of a pre-trained encoder: features of training and test images, and the measures over them."""

import os
from collections import Counter

import torch
from mmengine.dist import broadcast_object_list
from mmengine.runner import BaseLoop

from mmifnd.datasets import BROKEN_LIST, MAX_BROKEN, IndexedDataset
from mmifnd.datasets.shared_images import SharedImages, shared_images
from mmifnd.datasets.tokenizers import tokenizer_in
from mmifnd.distributed import any_rank, is_main, unwrap, wait_for_all
from mmifnd.evaluation import Summary
from mmifnd.models.embedding import pool
from mmifnd.registry import DATASETS, LOOPS, METRICS

from ..features.feature_pass import extract_features, extract_views
from ..features.image_batches import ImageBatches
from ..metrics.measure import Measure, named_results
from ..metrics.multi_label import targets_of
from ..metrics.pair_features import pair_features
from ..metrics.representation import Representation
from ..progress import reported


@LOOPS.register_module()
class RepresentationLoop(BaseLoop):
    """Judges the features of a pre-trained framework, or of one of mmpretrain's classifiers: ``tools/test.py`` runs it.

    Probes and neighbours learn from the training set of the config, through the test pipeline. A measure that the data
    cannot give (no labels, too few images of a class) is left out with one line, and the rest goes on. Images that cannot be
    read are left out. Which test images are training images, too, is found out once, by file and by content, and said in one
    line: in kNN no image votes on itself, and probes are not asked about images that they have learned from.

    The results of several measures of one type are called as the config calls the measures
    (:func:`mmifnd.engine.metrics.measure.named_results`).

    Args:
        runner (Runner): the runner.
        dataloader (dict): of the test images.
        evaluator: not used; the measures stand in a dict, where an ablation can change one of them.
        measures (dict[str, dict]): registered under METRICS, by name; None in the place of one leaves it out.
        batch_size (int): images at a time on each rank.
        train_dataset (dict, optional): what probes learn from; default: the data set of ``train_dataloader``.
        max_broken (int): images of each set, on each process, that may turn out to be unreadable.

    Attributes:
        summaries (dict[str, Summary]): the draws of repeated measures, by name, after :meth:`run`.
    """

    def __init__(self, runner, dataloader: dict, evaluator=None, measures: dict[str, dict | None] | None = None,
                 batch_size: int = 256, train_dataset: dict | None = None, max_broken: int = MAX_BROKEN) -> None:
        super().__init__(runner, dict(dataloader, dataset=_indexed(dataloader['dataset'], max_broken)))
        self.measures = {name: _built(name, config) for name, config in (measures or {}).items() if config is not None}
        self.batch_size, self.max_broken = batch_size, max_broken
        self.train_dataset = train_dataset or runner.cfg.train_dataloader.dataset
        self.framework = unwrap(runner.model)
        self.summaries: dict[str, Summary] = {}
        self._left_out: dict[str, list[str]] = {}

    def run(self) -> dict[str, float]:
        """Extract, measure, log; the measures by name, ``NAME_std`` beside the mean of a repeated one."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        representation = self.representation()
        metrics: dict[str, float] = {}
        types = Counter(map(type, self.measures.values()))
        for name, measure in self.measures.items():
            results = named_results(name, measure, self._take(name, measure, representation), types[type(measure)] == 1)
            self.summaries.update({key: value for key, value in results.items() if isinstance(value, Summary)})
            metrics.update(_flat(results))
        self._say_left_out()
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    @torch.no_grad()
    def representation(self) -> Representation:
        """Features of both sets; of the test images alone if no measure needs the training images."""
        pipeline = self.runner.cfg.test_dataloader.dataset.get('pipeline')
        test = self._view(self.dataloader.dataset, pipeline)
        features = self._extract(test, self._encode, 'test images')
        needs_training = not self.measures or any(measure.needs_training_images for measure in self.measures.values())
        train = self._view(DATASETS.build(_indexed(self.train_dataset, self.max_broken)), pipeline) if needs_training else None
        of_training = _nothing(features) if train is None else self._of_training(train, test)
        read = ~any_rank(test.broken())
        tokenizer = test.tokenizer() or tokenizer_in(self.train_dataset)
        return Representation(
            test=features[read], test_labels=_rows(_as_tensor(test.labels()), read), framework=self.framework,
            test_targets=_rows(targets_of(test), read), test_classes=tuple(test.metainfo.get('classes') or ()),
            **{name: _rows(value, read) if name == 'test_ids' else value for name, value in of_training.items()},
            **pair_features(self.framework, list(self.measures.values()), train, test, read, tokenizer, self._embed,
                            self.batch_size))

    def _of_training(self, train: IndexedDataset, test: IndexedDataset) -> dict:
        """What measures get of the training images, and which test images are among them."""
        features = self._extract(train, self._encode, 'training images')
        shared = self._shared(train, test)
        return dict(
            train=features, train_labels=_as_tensor(train.labels()), train_targets=targets_of(train),
            train_embedding=self._embed(train, 'training embeddings') if hasattr(self.framework, 'cluster_feature') else None,
            train_views=self._augmented(),
            classes=tuple(train.metainfo.get('classes') or ()), train_ids=torch.from_numpy(shared.train),
            test_ids=torch.from_numpy(shared.test), train_read=~any_rank(train.broken()))

    def _view(self, dataset: IndexedDataset, pipeline: list[dict] | None) -> IndexedDataset:
        dataset.broken_images.list_file = os.path.join(self.runner.work_dir, BROKEN_LIST)
        return dataset.evaluation_view(pipeline)

    def _take(self, name: str, measure, representation: Representation) -> dict[str, float | Summary]:
        missing = representation.missing_for(measure)
        if not missing:
            try:
                with reported(name, 1):
                    return measure(representation.for_measure(measure))
            except ValueError as error:
                missing = str(error)
        self._left_out.setdefault(missing, []).append(name)
        return {}

    def _say_left_out(self) -> None:
        """One line per reason, with the measures that it keeps from being taken."""
        for reason, names in self._left_out.items():
            self.runner.logger.warning(f'{", ".join(names)} {"is" if len(names) == 1 else "are"} left out: {reason}')
        self._left_out.clear()

    def _shared(self, train, test) -> SharedImages:
        """Compare the two sets on one rank, and say what they share."""
        holder = [shared_images(train.identity(), test.identity()) if is_main() else None]
        wait_for_all()
        broadcast_object_list(holder)
        shared, = holder
        count, total = int(shared.is_shared.sum()), len(shared.test)
        if count and self.measures:
            self.runner.logger.warning(
                f'{count} of the {total} test images are training images, too, such as {shared.example}: in kNN they do not '
                'vote on themselves, and probes are not asked about them')
        if shared.not_compared:
            self.runner.logger.warning(f'training and test images were compared by path only: {shared.not_compared} files of '
                                       'equal size are too many to compare their contents')
        return shared

    def _embed(self, dataset: IndexedDataset, what: str) -> torch.Tensor:
        return self._extract(dataset, self.framework.cluster_feature, what)

    def _augmented(self) -> torch.Tensor | None:
        """Embeddings of two views of each training image, as the training makes them, (N, 2, D); None if nobody needs them."""
        is_needed = any(measure.needs_train_views for measure in self.measures.values())
        if not is_needed or set(getattr(self.framework, 'heads', ())) != {''}:  # pairs have one view of each image
            return None
        config = self.runner.cfg.train_dataloader
        loader = self.runner.build_dataloader(dict(config, dataset=_indexed(config.dataset, self.max_broken)))
        view = loader.dataset.evaluation_view()  # each image once, also one that is repeated or cannot be read
        images = ImageBatches.like(loader, view, self.batch_size)
        rows, index = extract_views(self.framework, images, self.framework.cluster_feature, 2)
        sizes = torch.bincount(index)  # some images come again where ranks take as many steps
        first = (sizes.cumsum(0) - sizes).unsqueeze(1)
        return rows[index.argsort(stable=True)[first + torch.arange(2)]]

    def _encode(self, images: torch.Tensor) -> torch.Tensor:
        return pool(self.framework.extract_feat(images))  # mmpretrain's classifiers give a tuple

    def _extract(self, dataset, encode, what: str) -> torch.Tensor:
        images = ImageBatches.like(self.dataloader, dataset, self.batch_size)
        with reported(what, len(dataset)) as report:
            return extract_features(self.framework, images, encode, report)


def _nothing(features: torch.Tensor) -> dict:
    """No training images."""
    return dict(train=features[:0], train_labels=None, train_embedding=None)


def _built(name: str, config: dict) -> Measure:
    measure = METRICS.build(config)
    if not isinstance(measure, Measure):
        raise TypeError(f'test_cfg.measures.{name}: {type(measure).__name__} does not say what it needs; derive it from '
                        'mmifnd.engine.metrics.Measure')
    return measure


def _indexed(config: dict, max_broken: int) -> dict:
    return dict(type='mmifnd.IndexedDataset', dataset=config, max_broken=max_broken)


def _rows(values: torch.Tensor | None, kept: torch.Tensor) -> torch.Tensor | None:
    return None if values is None else values[kept]


def _flat(results: dict) -> dict[str, float]:
    flat = {}
    for name, value in results.items():
        flat[name] = value.mean if isinstance(value, Summary) else value
        if isinstance(value, Summary) and value.standard_deviation is not None:
            flat[f'{name}_std'] = value.standard_deviation
    return flat


def _as_tensor(labels) -> torch.Tensor | None:
    return None if labels is None else torch.as_tensor(labels)
