"""The training loop: it owns the epoch, so that nothing that depends on it can be forgotten."""

from collections.abc import Sequence

import torch
from mmengine.dist import get_world_size
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from mmifnd.models.frameworks import ContrastiveFramework
from mmifnd.registry import LOOPS


@LOOPS.register_module()
class EpochLoop(EpochBasedTrainLoop):
    """mmengine's epoch loop for contrastive pre-training.

    It wraps the data set, so that every sample carries its stable global index and its draws are seeded by (seed, epoch,
    index); tells the framework the size of the training set, the epoch and the end of each step.

    Args:
        runner (Runner): the runner.
        dataloader (dict | DataLoader): of the training set; a dict's data set needs no wrapping of its own.
        max_epochs (int): epochs of the whole training.
        **kwargs: see ``mmengine.runner.EpochBasedTrainLoop``.

    Raises:
        TypeError: where the model is not one of this package's frameworks.
        ValueError: where the data set cannot fill one batch.
    """

    def __init__(self, runner, dataloader: dict | DataLoader, max_epochs: int, **kwargs) -> None:
        super().__init__(runner, _indexed(dataloader), max_epochs, **kwargs)
        self.framework = unwrap(runner.model)
        if not isinstance(self.framework, ContrastiveFramework):
            raise TypeError(f'EpochLoop trains the frameworks of mmifnd, got {type(self.framework).__name__}; '
                            "use train_cfg=dict(by_epoch=True, ...) for mmpretrain's models")
        if not len(self.dataloader):
            images, batch = self.dataset.num_samples, self.dataloader.batch_size
            raise ValueError(f'the training set has {images} images, fewer than one batch of {batch} on each of '
                             f'{get_world_size()} processes; lower train_dataloader.batch_size')
        self.framework.bind(self.dataset.num_samples, self._labels())
        self.has_stepped = False  # until then, what goes wrong is bad input

    @property
    def dataset(self):
        """The indexed training set."""
        return self.dataloader.dataset

    def run(self) -> torch.nn.Module:
        """Train; the seed is taken here, since a resumed run has learned it by now."""
        self.dataset.seed = self.dataloader.sampler.seed = self.runner.seed
        self.framework.seed_draws(self.runner.seed)
        return super().run()

    def run_epoch(self) -> None:
        """Iterate one epoch."""
        self.dataset.set_epoch(self.epoch)
        self.dataloader.sampler.set_epoch(self.epoch)
        self.framework.start_epoch(self.epoch, self.max_epochs)
        super().run_epoch()

    def run_iter(self, idx: int, data_batch: Sequence[dict] | dict) -> None:
        """One step; what follows the update belongs to it, before any hook looks."""
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        outputs = self.runner.model.train_step(data_batch, optim_wrapper=self.runner.optim_wrapper)
        self.framework.finish_step()
        self.runner.call_hook('after_train_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs)
        self._iter += 1
        self.has_stepped = True

    def _labels(self) -> torch.Tensor | None:
        if not any(getattr(part, 'uses_labels', False) for part in self.framework.modules()):
            return None
        labels = self.dataset.labels()
        return None if labels is None else torch.as_tensor(labels)


def unwrap(model: torch.nn.Module) -> torch.nn.Module:
    """The model inside a distributed wrapper."""
    return model.module if is_model_wrapper(model) else model


def _indexed(dataloader: dict | DataLoader) -> dict | DataLoader:
    if isinstance(dataloader, DataLoader):
        return dataloader
    return dict(dataloader, dataset=dict(type='mmifnd.IndexedDataset', dataset=dataloader['dataset']))
