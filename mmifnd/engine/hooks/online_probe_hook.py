"""An online probe: how well classes can be told apart during the training."""

import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook
from torch import Tensor, nn

from mmifnd.datasets import BROKEN_LIST, MAX_BROKEN, IndexedDataset, indices_of
from mmifnd.datasets.shared_images import shared_images
from mmifnd.distributed import all_reduce, any_rank, is_main, rank, unwrap, world_size
from mmifnd.evaluation import knn_accuracy, top1_accuracy
from mmifnd.models.embedding import pool
from mmifnd.parts import KeepsRankState
from mmifnd.records.lines import add_record
from mmifnd.records.names import ONLINE, folder_of
from mmifnd.registry import DATASETS, HOOKS

from ..batch_norm import average_batch_statistics, batch_statistics, set_batch_statistics
from ..features.epoch_features import evaluation_pipeline, sample_view
from ..features.feature_pass import extract_features
from ..features.image_batches import ImageBatches
from .linear_probe_head import LinearProbeHead

STATE = 'online_probe'


@dataclass(frozen=True)
class AskedImages:
    """What the probe is asked about.

    Attributes:
        view (IndexedDataset): T images.
        labels (Tensor): int64 (T,), positions among the classes of the training set.
        learned (Tensor): bool (T,), the images that are also training images.
        ids (ndarray): int64 (T,), equal numbers mean the same image, also across ``train_ids`` (N,).
    """

    view: IndexedDataset
    labels: Tensor
    learned: Tensor
    ids: np.ndarray
    train_ids: np.ndarray


@HOOKS.register_module()
class OnlineProbeHook(Hook, KeepsRankState):
    """A linear probe that learns beside the encoder, and kNN, where the data set has labels; for people to look at.

    The probe takes the backbone's features of the first view in each step, without a gradient into the backbone, and learns
    by SGD. After an epoch it is asked about the test images, as is the vote of the nearest training images, in the space that
    is clustered. Images that cannot be read are not asked about, and do not vote. Labels stay in this hook: neither detector
    nor loss sees them, and the trained weights are the same bits with and without it.

    Args:
        lr (float): learning rate of the probe, on features brought to mean 0 and variance 1; momentum is 0.9.
        interval (int): epochs between two evaluations; the last epoch always has one.
        k (int): neighbours; 0 leaves kNN out.
        temperature (float): of the neighbours' votes.
        max_images (int): training images to vote and test images to judge, spread evenly, at most.
        batch_size (int): images at a time of a pass, on each rank; the training's loader says how many processes read them.

    Raises:
        ValueError: if a number is out of range.
    """

    def __init__(self, lr: float = 0.1, interval: int = 1, k: int = 20, temperature: float = 0.07, max_images: int = 10000,
                 batch_size: int = 256) -> None:
        if not lr > 0 or min(interval, max_images, batch_size) < 1 or k < 0:
            raise ValueError(f'lr={lr}, interval={interval}, k={k}, max_images={max_images} and batch_size={batch_size} of '
                             'OnlineProbeHook must be positive; k=0 leaves kNN out')
        self.lr, self.interval, self.k, self.temperature = lr, interval, k, temperature
        self.max_images, self.batch_size = max_images, batch_size
        self.probe: LinearProbeHead | None = None
        self._resumed: dict | None = None

    def before_train(self, runner) -> None:
        """Build the probe, or continue with that of the run that is resumed, and look at what leaves the backbone."""
        self.framework, self.dataset = unwrap(runner.model), runner.train_loop.dataset
        labels = self.dataset.labels()
        if labels is None:
            runner.logger.warning('OnlineProbeHook is left out: the training set has no labels')
            return
        device = next(runner.model.parameters()).device
        self._classes, places = np.unique(labels, return_inverse=True)  # labels may be large numbers, as of a catalogue
        self.labels = torch.as_tensor(places).to(device)
        self.probe = LinearProbeHead(self.framework.neck.in_channels, len(self._classes)).to(device)
        self.optimizer = torch.optim.SGD(self.probe.parameters(), lr=self.lr, momentum=0.9)
        self.test = self._test_set(runner)
        self._test_images = self.test and self._batches(runner, self.test.view, keep_workers=True)
        self._training_images: tuple[ImageBatches, Tensor] | None = None
        self._right: list[Tensor] = []
        self._features: Tensor | None = None
        if self._resumed is not None:
            self.probe.load_state_dict(self._resumed['probe'])
            self.optimizer.load_state_dict(self._resumed['optimizer'])
            self._resumed = None
        self._watch = self.framework.backbone.register_forward_hook(self._keep_first)

    def after_train(self, runner) -> None:
        """Stop watching the backbone, and end the processes that read images."""
        if self.probe is not None:
            self._watch.remove()
            self._test_images = self._training_images = None

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Forget the last step."""
        self._features = None

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """One step of the probe; nothing waits for the device."""
        if self.probe is None:
            return
        targets = self.labels[indices_of(data_batch).to(self.labels.device, non_blocking=True)]
        logits = self.probe(self._features[:len(targets)])  # the first view's rows come first in every framework
        self._right.append((logits.detach().argmax(dim=1) == targets).float().mean())
        self.optimizer.zero_grad()
        F.cross_entropy(logits, targets).backward()
        for parameter in self.probe.parameters() if world_size() > 1 else ():
            all_reduce(parameter.grad, 'mean')
        self.optimizer.step()

    def after_train_epoch(self, runner) -> None:
        """Ask about the test images, and log."""
        completed = runner.epoch + 1
        if self.probe is None or completed % self.interval and completed < runner.max_epochs:
            return
        seen = torch.stack(self._right).mean()
        self._right.clear()
        all_reduce(seen, 'mean')
        record = dict(linear_train=100 * seen.item())
        if self.test is not None:
            record.update(self._judge(runner, completed))
        if is_main():
            runner.logger.info('Online probe: ' + ', '.join(f'{name} {value:.2f}' for name, value in record.items()))
            runner.visualizer.add_scalars({f'online/{k}': v for k, v in record.items()}, step=completed)
            add_record(folder_of(runner.work_dir) / ONLINE, dict(epoch=completed, **record), report=runner.logger.warning)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the probe."""
        if self.probe is not None:
            checkpoint[STATE] = dict(probe=self.probe.state_dict(), optimizer=self.optimizer.state_dict())

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the probe of the run that is resumed until the training begins."""
        if runner.cfg.get('resume'):
            self._resumed = checkpoint.get(STATE)

    def rank_state(self) -> dict:
        """The state for a checkpoint in mid-epoch: correct answers so far, and the probe's batch statistics of this rank."""
        if self.probe is None:
            return {}
        return dict(right=[share.cpu() for share in self._right], batch_statistics=batch_statistics(self.probe))

    def load_rank_states(self, states: list[dict]) -> None:
        """Continue with it."""
        state = states[rank() % len(states)]
        if self.probe is not None and state:
            self._right = [share.to(self.labels.device) for share in state['right']]
            set_batch_statistics(self.probe, state['batch_statistics'])

    def _keep_first(self, module: nn.Module, inputs, maps) -> None:
        if module.training and self._features is None:
            self._features = pool(maps).detach().float()

    def _test_set(self, runner) -> AskedImages | None:
        """Test images; None if there are none with labels."""
        loader = runner.cfg.get('test_dataloader')
        if not loader:
            return None
        limit = runner.cfg.train_cfg.get('max_broken', MAX_BROKEN)
        dataset = DATASETS.build(dict(type='mmifnd.IndexedDataset', dataset=loader.dataset, max_broken=limit))
        dataset.broken_images.list_file = os.path.join(runner.work_dir, BROKEN_LIST)
        labels = dataset.labels()
        if labels is None:
            runner.logger.warning('OnlineProbeHook sees training images only: the test set has no labels')
            return None
        shared = shared_images(self.dataset.identity(), dataset.identity())
        view, chosen = sample_view(dataset, evaluation_pipeline(runner), self.max_images)
        learned = torch.from_numpy(shared.is_shared)[chosen]
        if learned.any():
            runner.logger.warning(f'OnlineProbeHook: {int(learned.sum())} of the {len(learned)} test images are training '
                                  f'images, too, such as {shared.example}: they do not vote on themselves, and the probe '
                                  'is not asked about them')
        return AskedImages(view, _places(labels[chosen], self._classes), learned, shared.test[chosen], shared.train)

    @torch.no_grad()
    def _judge(self, runner, completed: int) -> dict[str, float]:
        average_batch_statistics(self.probe)
        kind = self._kind(runner, completed)

        def encode(images: Tensor) -> Tensor:
            features = self.framework.extract_feat(images)
            return torch.cat([features, self.framework.cluster_feature(images, kind)], dim=1) if self.k else features

        rows, asked = extract_features(self.framework, self._test_images, encode).tensor_split(
            [self.framework.neck.in_channels], dim=1)
        self.probe.eval()
        predicted = torch.cat([self.probe(part.to(self.labels.device)).argmax(dim=1) for part in rows.split(4096)])
        self.probe.train()
        new, measures = ~self.test.learned & ~any_rank(self.test.view.broken()), {}
        if new.any():
            measures['linear_test'] = top1_accuracy(self.test.labels[new], predicted[new])
        if self.k:
            measures['knn_test'] = self._neighbours(runner, completed, asked)
        return measures

    def _kind(self, runner, completed: int) -> str:
        """The space in which neighbours vote: the one that was clustered in this epoch, or the embedding's."""
        shared = runner.train_loop.features_of(completed)
        return shared.kind if shared and shared.are_of_images else 'z'

    def _neighbours(self, runner, completed: int, asked: Tensor) -> float:
        """Accuracy of the vote of training images about test images ``asked`` (n, D)."""
        shared = runner.train_loop.features_of(completed)
        if shared and shared.are_of_images:
            chosen, bank = shared.sample(None if isinstance(shared.features, Tensor) else self.max_images)
        else:
            chosen, bank = self._voters(runner)
        votes, read = ~any_rank(self.dataset.broken())[chosen], ~any_rank(self.test.view.broken())
        bank, labels, ids = bank[votes], self.labels.cpu()[chosen][votes], self.test.train_ids[chosen][votes.numpy()]
        most = len(bank) - max(np.unique(ids, return_counts=True)[1]) if self.test.learned.any() else len(bank)
        return knn_accuracy(bank, labels, asked[read], self.test.labels[read], max(1, min(self.k, most)), self.temperature,
                            train_ids=ids, ids=self.test.ids[read.numpy()])

    def _voters(self, runner) -> tuple[Tensor, Tensor]:
        """Training images, int64 (n,), and their embeddings (n, D)."""
        if self._training_images is None:
            view, chosen = sample_view(self.dataset, evaluation_pipeline(runner), self.max_images)
            self._training_images = self._batches(runner, view, keep_workers=False), chosen
        images, chosen = self._training_images
        return chosen, extract_features(self.framework, images, self.framework.cluster_feature)

    def _batches(self, runner, view, keep_workers: bool) -> ImageBatches:
        return ImageBatches.like(runner.train_dataloader, view, self.batch_size, keep_workers=keep_workers)


def _places(labels: np.ndarray, classes: np.ndarray) -> Tensor:
    """Position of each label among ``classes``, (N,); their number for a class that the training set lacks."""
    places = np.searchsorted(classes, labels)
    is_known = places < len(classes)
    is_known[is_known] = classes[places[is_known]] == labels[is_known]
    return torch.from_numpy(np.where(is_known, places, len(classes)))
