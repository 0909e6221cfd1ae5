"""The training of a stack of runs."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mmifnd.functional import attraction_loss, elimination_loss

from .arms import ARMS, PseudoLabels, StackedRun, as_one_contrast, pairs_of_equal_label, thresholds
from .encoder import StackedEncoder
from .views import random_views

_CHUNK = 512  # images embedded at a time


@dataclass(frozen=True)
class Recipe:
    """What all runs of a stack have in common.

    Attributes:
        epochs, batch_size (int): an incomplete batch is left out.
        learning_rate, weight_decay (float): of AdamW; warm-up over 5 % of the steps, then a cosine to 0.
        clusterings (int): of the runs that cluster, evenly spread over the training.
        start (float): share of the epochs after which GloFND's thresholds begin.
        widths, strides, hidden, out: of the encoder.
    """

    epochs: int = 100
    batch_size: int = 256
    learning_rate: float = 4e-3
    weight_decay: float = 1e-4
    clusterings: int = 25
    start: float = 0.25
    widths: tuple[int, ...] = (32, 64, 128)
    strides: tuple[int, ...] = (2, 2, 2)
    hidden: int = 128
    out: int = 64

    def rate_at(self, step: int, steps: int) -> float:
        """The learning rate of a step (0-based)."""
        warm = max(1, round(0.05 * steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


class StackedTraining:
    """Train runs of one data set at once; each learns as if it were alone, from the batches of its seed.

    Args:
        runs (list[StackedRun]): in any order.
        images (Tensor): uint8 (N, 1, H, W), on the device to compute on.
        labels (dict[str, Tensor]): int64 (N,) by depth; 'code_point' is the truth that measures take.
        recipe (Recipe): for all.
    """

    def __init__(self, runs: list[StackedRun], images: Tensor, labels: dict[str, Tensor], recipe: Recipe) -> None:
        order = list(ARMS)  # those that cluster come before the control that copies their rate
        self.runs = sorted(runs, key=lambda run: (order.index(run.arm) if run.arm != 'random' else len(order)))
        self.images, self.labels, self.recipe = images, labels, recipe
        self.seeds = sorted({run.seed for run in runs})
        self.seed_row = torch.tensor([self.seeds.index(run.seed) for run in self.runs], device=images.device)
        self.encoder = StackedEncoder([run.seed for run in self.runs], recipe.widths, recipe.strides, recipe.hidden,
                                      recipe.out).to(images.device)
        self.temperature = torch.tensor([run.temperature for run in self.runs], device=images.device)
        self.mean, self.std = (float(value) for value in _mean_and_std(images))
        self.arms = {arm: slice(min(rows), max(rows) + 1) for arm in ARMS
                     if (rows := [row for row, run in enumerate(self.runs) if run.arm == arm])}
        self._make_detectors()

    def _make_detectors(self) -> None:
        classes, device, total = int(self.labels['code_point'].max()) + 1, self.images.device, len(self.images)
        clustering = [row for row, run in enumerate(self.runs) if ARMS[run.arm][0] == 'labels']
        self.clustering = clustering
        numbers = [2 * classes if self.runs[row].arm == 'ifnd_2k' else classes for row in clustering]
        self.pseudo = PseudoLabels(numbers, total, device)
        self.detector = None
        if 'glofnd' in self.arms:
            rows = self.arms['glofnd']
            self.detector = thresholds(1 / classes, round(self.recipe.start * self.recipe.epochs)).to(device)
            self.detector.bind(total * (rows.stop - rows.start))
            self.detector.to(device)
        self.true = torch.stack([self.labels[run.depth] for run in self.runs])
        self.copied = self._copied_rows()

    def _copied_rows(self) -> list[int]:
        """The run of IFND whose rate each random control copies: of its seed, and of its temperature if there is one."""
        rows = []
        for run in self.runs:
            if run.arm == 'random':
                near = [(other.seed != run.seed, abs(other.temperature - run.temperature), row)
                        for row, other in enumerate(self.runs) if other.arm == 'ifnd']
                if not near:
                    raise ValueError('a random control needs a run of ifnd in the same stack, whose rate it copies')
                rows.append(min(near)[2])
        return rows

    def train(self) -> list[dict[str, float]]:
        """Train, and return what the last epoch's steps say of each run, in the order of :attr:`runs`."""
        recipe, total = self.recipe, len(self.images)
        steps_per_epoch = total // recipe.batch_size
        steps = recipe.epochs * steps_per_epoch
        optimizer = torch.optim.AdamW(self.encoder.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay,
                                      fused=self.images.is_cuda)
        generators = [torch.Generator(self.images.device).manual_seed(seed) for seed in self.seeds]
        every = max(1, recipe.epochs // recipe.clusterings)
        counts: list[dict[str, Tensor]] = []
        for epoch in range(recipe.epochs):
            if self.detector is not None:
                self.detector.start_epoch(epoch, recipe.epochs)
            if epoch and epoch % every == 0 and self.clustering:
                self._cluster(epoch / recipe.epochs)
            orders = torch.stack([torch.randperm(total, device=self.images.device, generator=g) for g in generators])
            is_last = epoch == recipe.epochs - 1
            for number in range(steps_per_epoch):
                for group in optimizer.param_groups:
                    group['lr'] = recipe.rate_at(epoch * steps_per_epoch + number, steps)
                batch = orders[:, number * recipe.batch_size:(number + 1) * recipe.batch_size]
                loss, found = self._step(batch, generators, is_last)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                counts += [found] if is_last else []
        means = {name: torch.stack([count[name] for count in counts]).mean(dim=0).tolist() for name in counts[0]}
        return [{name: values[row] for name, values in means.items()} for row in range(len(self.runs))]

    def _step(self, batch: Tensor, generators: list[torch.Generator], watch: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of the runs' losses, and measures (R,) if ``watch``; ``batch`` (S, B) of each seed."""
        views = torch.stack([
            random_views(self.images[rows].repeat(2, 1, 1, 1), generator) for rows, generator in zip(batch, generators)])
        inputs = ((views - self.mean) / self.std).transpose(1, 2)[self.seed_row]
        embedding = self.encoder(inputs)
        rows = torch.cat([batch, batch], dim=1)[self.seed_row]
        positive, negative = similarities(embedding)
        same = self._detect(positive, negative.detach(), rows)
        total = positive.new_zeros(())
        for arm, here in self.arms.items():
            loss = attraction_loss if ARMS[arm][1] else elimination_loss
            options = dict(reweight=True) if arm == 'glofnd' else {}
            temperature = self.temperature[here].repeat_interleave(rows.shape[1]).unsqueeze(1)
            mean = loss(positive[here].flatten(0, 1), negative[here].flatten(0, 1), same[here].flatten(0, 1), temperature,
                        **options)
            total = total + mean * (here.stop - here.start)
        return total, self._measures(positive.detach(), negative.detach(), same, rows) if watch else {}

    @torch.no_grad()
    def _detect(self, positive: Tensor, negative: Tensor, rows: Tensor) -> Tensor:
        """False negatives of all runs, bool (R, A, A)."""
        same = torch.zeros_like(negative, dtype=torch.bool)
        for arm, here in self.arms.items():
            way = ARMS[arm][0]
            if way == 'truth':
                same[here] = pairs_of_equal_label(self.true[here], rows[here])
            elif way == 'labels':
                first = self.clustering.index(here.start)
                same[here] = pairs_of_equal_label(self.pseudo.labels[first:first + here.stop - here.start], rows[here])
            elif way == 'thresholds':
                contrast = as_one_contrast(negative[here], positive[here].detach(), rows[here], len(self.images))
                self.detector.observe(contrast)
                same[here] = self.detector.detect(contrast)[0].view(same[here].shape)
        present = negative > -torch.inf
        same &= present
        if 'random' in self.arms:
            here = self.arms['random']
            rate = (same[self.copied].sum((1, 2)) / present[self.copied].sum((1, 2))).view(-1, 1, 1)
            same[here] = (torch.rand(negative[here].shape, device=negative.device) < rate) & present[here]
        return same

    @torch.no_grad()
    def _measures(self, positive: Tensor, negative: Tensor, same: Tensor, rows: Tensor) -> dict[str, Tensor]:
        """Measure each run, in per cent: the softmax mass of false negatives by true label, all and left; and the detection."""
        truth = pairs_of_equal_label(self.labels['code_point'].expand(len(rows), -1), rows) & (negative > -torch.inf)
        scale = self.temperature.view(-1, 1, 1)
        mass = torch.cat([positive, negative], dim=2).div(scale).softmax(dim=2)[:, :, 1:]
        left = torch.cat([positive, negative.masked_fill(same, -torch.inf)], dim=2).div(scale).softmax(dim=2)[:, :, 1:]
        hits, detected, true = ((mask).sum((1, 2)).float() for mask in (same & truth, same, truth))
        return {name: 100 * value for name, value in dict(
            false_mass=(mass * truth).sum(2).mean(1), false_mass_left=(left * truth).sum(2).mean(1),
            positive_mass=1 - mass.sum(2).mean(1), false_share=true / (negative > -torch.inf).sum((1, 2)),
            removed_share=detected / (negative > -torch.inf).sum((1, 2)),
            precision=hits / detected.clamp(min=1), recall=hits / true.clamp(min=1)).items()}

    @torch.no_grad()
    def _cluster(self, progress: float) -> None:
        embedding = self.embed(self.images, self.clustering)[1]
        self.pseudo.cluster(embedding, [self.runs[row].temperature for row in self.clustering], progress)

    @torch.no_grad()
    def embed(self, images: Tensor, runs: list[int]) -> tuple[Tensor, Tensor]:
        """Features (R, N, C) and embeddings (R, N, D) of some runs, in evaluation mode, of images uint8 (N, 1, H, W)."""
        encoder = self.encoder.subset(runs).eval()
        features, embeddings = [], []
        for part in images.split(_CHUNK):
            inputs = ((part.float() / 255 - self.mean) / self.std).transpose(0, 1).unsqueeze(0)
            features.append(encoder.features(inputs))
            embeddings.append(encoder.project(features[-1]))
        return torch.cat(features, dim=1), torch.cat(embeddings, dim=1)


def similarities(embedding: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine similarities to the positive (R, A, 1) and to all rows (R, A, A); -inf for the anchor and its positive.

    Args:
        embedding (Tensor): unit vectors of ``[view 1 | view 2]``, (R, A, D).
    """
    rows = torch.arange(embedding.shape[1], device=embedding.device)
    other = rows.roll(len(rows) // 2)
    positive = (embedding * embedding[:, other]).sum(dim=2, keepdim=True)
    absent = (rows.unsqueeze(1) == rows) | (other.unsqueeze(1) == rows)
    return positive, (embedding @ embedding.mT).masked_fill(absent, -torch.inf)


def _mean_and_std(images: Tensor) -> tuple[Tensor, Tensor]:
    values = images.float() / 255
    return values.mean(), values.std()
