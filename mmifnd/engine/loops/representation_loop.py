"""Evaluation of a pre-trained encoder: features of training and test images, and the measures over them."""

import torch
from mmengine.runner import BaseLoop

from mmifnd.registry import DATASETS, LOOPS, METRICS

from ..feature_pass import extract_features
from ..progress import reported
from ..representation import Representation
from .epoch_loop import unwrap


@LOOPS.register_module()
class RepresentationLoop(BaseLoop):
    """Judges the features of a pre-trained framework: ``tools/test.py`` runs it.

    The training set of the config, through the test pipeline, is what probes and neighbours learn from.

    Args:
        runner (Runner): the runner.
        dataloader (dict): of the test images.
        evaluator: not used; the measures stand in a dict, where an ablation can change one of them.
        measures (dict[str, dict]): registered under METRICS, by name.
        batch_size (int): images at a time on each rank.
    """

    def __init__(self, runner, dataloader: dict, evaluator=None, measures: dict[str, dict] | None = None,
                 batch_size: int = 256) -> None:
        super().__init__(runner, dict(dataloader, dataset=_indexed(dataloader['dataset'])))
        self.measures = {name: METRICS.build(config) for name, config in (measures or {}).items()}
        self.batch_size = batch_size
        self.framework = unwrap(runner.model)

    def run(self) -> dict[str, float]:
        """Extract, measure, log; the measures by name."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        representation = self.representation()
        metrics = {}
        for name, measure in self.measures.items():
            missing = representation.missing_for(measure)
            if missing:
                self.runner.logger.warning(f'{name} is left out: {missing}')
                continue
            with reported(name, 1):
                metrics.update(measure(representation))
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    @torch.no_grad()
    def representation(self) -> Representation:
        """Features of both sets."""
        pipeline = self.runner.cfg.test_dataloader.dataset.get('pipeline')
        train = DATASETS.build(_indexed(self.runner.cfg.train_dataloader.dataset))
        test = self.dataloader.dataset
        return Representation(
            train=self._extract(train.evaluation_view(pipeline), self.framework.extract_feat, 'training images'),
            test=self._extract(test.evaluation_view(pipeline), self.framework.extract_feat, 'test images'),
            train_labels=_as_tensor(train.labels()), test_labels=_as_tensor(test.labels()),
            train_embedding=self._extract(
                train.evaluation_view(pipeline), self.framework.cluster_feature, 'training embeddings'),
            framework=self.framework)

    def _extract(self, dataset, encode, what: str) -> torch.Tensor:
        with reported(what, len(dataset)) as report:
            return extract_features(self.framework, dataset, encode, self.batch_size, self.dataloader.num_workers,
                                    self.dataloader.collate_fn, report)


def _indexed(config: dict) -> dict:
    return dict(type='mmifnd.IndexedDataset', dataset=config)


def _as_tensor(labels) -> torch.Tensor | None:
    return None if labels is None else torch.as_tensor(labels)
