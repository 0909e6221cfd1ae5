"""The training loop: it owns the epoch, so that nothing that depends on it can be forgotten."""

import os
from collections.abc import Iterator, Sequence

import torch
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from mmifnd.datasets import BROKEN_LIST, MAX_BROKEN, ResumableSampler
from mmifnd.distributed import unwrap, wait_for_all, world_size
from mmifnd.models.frameworks import ContrastiveFramework
from mmifnd.parts import undeclared
from mmifnd.registry import LOOPS

from .. import loader_workers  # noqa: F401  (registers a function that loaders name)
from ..checkpoints.random_state import random_state, set_random_state
from ..checkpoints.resume import replay_schedules
from ..features.epoch_features import EpochFeatures
from .free_memory import return_freed_memory
from .shared_broken import share_broken_images
from .update_watch import UpdateWatch


@LOOPS.register_module()
class EpochLoop(EpochBasedTrainLoop):
    """mmengine's epoch loop for contrastive pre-training.

    It wraps the data set, so that every sample carries its stable global index and its draws are seeded by (seed, epoch,
    index); tells the framework the size of the training set, the epoch and the end of each step; and goes on in the middle
    of an epoch where it was resumed there.

    Args:
        runner (Runner): the runner.
        dataloader (dict | DataLoader): of the training set; a dict's data set needs no wrapping of its own.
        max_epochs (int): epochs of the whole training.
        max_broken (int): images that may turn out to be unreadable before training stops, on one process, or, at the end of an
            epoch, on all of them together; see
            :class:`mmifnd.datasets.IndexedDataset`.
        **kwargs: see ``mmengine.runner.EpochBasedTrainLoop``.

    Raises:
        TypeError: if the model is not one of this package's frameworks.
        ValueError: if the data set cannot fill one batch, or ``max_broken`` is negative.
    """

    def __init__(self, runner, dataloader: dict | DataLoader, max_epochs: int, max_broken: int = MAX_BROKEN, **kwargs) -> None:
        if max_broken < 0:
            raise ValueError(f'max_broken={max_broken} of EpochLoop is negative; 0 stops at the first broken image')
        super().__init__(runner, _indexed(dataloader, max_broken), max_epochs, **kwargs)
        self.dataset.broken_images.list_file = os.path.join(runner.work_dir, BROKEN_LIST)
        self.framework = unwrap(runner.model)
        if not isinstance(self.framework, ContrastiveFramework):
            raise TypeError(f'EpochLoop trains the frameworks of mmifnd, got {type(self.framework).__name__}; '
                            "use train_cfg=dict(by_epoch=True, ...) for mmpretrain's models")
        if not len(self.dataloader):
            images, batch = self.dataset.num_samples, self.dataloader.batch_size
            raise ValueError(f'the training set has {images} images, fewer than one batch of {batch} on each of '
                             f'{world_size()} processes; lower train_dataloader.batch_size')
        self.framework.bind(self.dataset.num_samples, self._labels())
        self.framework.bind_texts(self.dataset.text_format())
        if self.framework.uses_groups:
            self.framework.bind_groups(_as_tensor(self.dataset.groups()))
        if self.framework.uses_fingerprint:
            self.framework.bind_fingerprint(self.dataset.fingerprint())
        self._features: EpochFeatures | None = None
        self.random_state: dict | None = None  # that the next epoch begins, or a resumed one goes on, with
        self.replays_schedules = False  # a resumed run sets this, if its epochs have another number of steps

    @property
    def dataset(self):
        """The indexed training set."""
        return self.dataloader.dataset

    def run(self) -> torch.nn.Module:
        """Train; the seed is taken here, since a resumed run has learned it by now."""
        self.dataset.seed = self.dataloader.sampler.seed = self.runner.seed
        self.framework.seed_draws(self.runner.seed)
        self._log_undeclared()
        self._updates = UpdateWatch(self.runner.optim_wrapper)
        self.runner.optim_wrapper.optimizer.register_step_pre_hook(lambda *_: self.framework.before_update())
        self.framework.has_updated = self.runner.optim_wrapper.should_update()  # not where a run was cut between two updates
        if self.replays_schedules:
            replay_schedules(self.runner)
        return super().run()

    def run_epoch(self) -> None:
        """Iterate one epoch, or the rest of it."""
        self._features = None
        wait_for_all()
        self.dataset.set_epoch(self.epoch)
        self.dataloader.sampler.set_epoch(self.epoch)
        self.framework.start_epoch(self.epoch, self.max_epochs)
        if self.random_state is not None:  # whatever was drawn between two epochs, as for a validation
            set_random_state(self.random_state)
        self.runner.call_hook('before_train_epoch')
        return_freed_memory()
        self.runner.model.train()
        for step, batch in enumerate(self._batches(), start=self.steps_done):
            self.run_iter(step, batch)
        self._log_cut_captions()
        share_broken_images(self.dataset, self.runner.logger)
        self.runner.call_hook('after_train_epoch')
        self.random_state = random_state()
        self._epoch += 1

    def hand_on(self, features: EpochFeatures) -> None:
        """Keep what was clustered for the hooks that follow, until the next epoch begins: it can be as large as the data."""
        self._features = features

    def features_of(self, completed: int) -> EpochFeatures | None:
        """What was clustered after ``completed`` epochs, on every rank; None if nothing was."""
        return self._features if self._features is not None and self._features.epoch == completed else None

    @property
    def steps_done(self) -> int:
        """Steps of the current epoch that have been made."""
        return self._iter - self._epoch * len(self.dataloader)

    def run_iter(self, idx: int, data_batch: Sequence[dict] | dict) -> None:
        """One step; what follows the update belongs to it, before any hook looks."""
        self.framework.start_step(self._iter, self._max_iters)
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        outputs = self.runner.model.train_step(data_batch, optim_wrapper=self.runner.optim_wrapper)
        left_out = self._updates.left_out()
        self.framework.has_updated = self.runner.optim_wrapper.should_update() and not left_out
        if left_out:
            self.framework.drop_step()
        else:
            self.framework.finish_step()
        self.runner.call_hook('after_train_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs)
        self._iter += 1

    def _batches(self) -> Iterator:
        """Iterate over the batches of the epoch that have not been trained on."""
        sampler = self.dataloader.sampler
        if isinstance(sampler, ResumableSampler):
            sampler.start = self.steps_done * self.dataloader.batch_size
        elif self.steps_done:
            raise ValueError('the checkpoint was made in the middle of an epoch, and the data loader begins at its start; '
                             'give it to EpochLoop as a dict, or with a ResumableSampler')
        with torch.random.fork_rng(devices=[]):  # an iterator draws a seed, also when a resumed run makes another one
            return iter(self.dataloader)

    def _log_cut_captions(self) -> None:
        """After the first epoch, say how many captions were longer than the text tower's context."""
        cut = self.dataset.num_cut_captions() if self._epoch == 0 else 0
        if cut:
            length = self.dataset.text_format()[1]
            self.runner.logger.warning(f'{cut} captions had more than context_length={length} tokens and were cut; raise it in '
                                       'tokenizer and text tower to keep all')

    def _labels(self) -> torch.Tensor | None:
        return _as_tensor(self.dataset.labels()) if self.framework.uses_labels else None

    def _log_undeclared(self) -> None:
        """Name the methods that look like those of a declared part and are not called."""
        owners = {type(owner): undeclared(type(owner)) for owner in (*self.framework.modules(), *self.runner.hooks)
                  if owner is not self.framework}
        for kind, methods in owners.items():
            for method, part in methods.items():
                self.runner.logger.warning(f'{kind.__name__}.{method}() is not called: the class does not derive from '
                                           f'mmifnd.parts.{part}')


def _as_tensor(values) -> torch.Tensor | None:
    return None if values is None else torch.as_tensor(values)


def _indexed(dataloader: dict | DataLoader, max_broken: int) -> dict | DataLoader:
    if isinstance(dataloader, DataLoader):
        return dataloader
    changed = dict(dataset=dict(type='mmifnd.IndexedDataset', dataset=dataloader['dataset'], max_broken=max_broken),
                   sampler=dict(type='mmifnd.ResumableSampler', sampler=dataloader['sampler']))
    if dataloader.get('num_workers') and 'worker_init_fn' not in dataloader:
        changed['worker_init_fn'] = dict(type='leave_signals_to_parent')
    return dict(dataloader, **changed)
