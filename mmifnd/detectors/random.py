"""Detection of random pairs: the lower control."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmifnd.contrast import Contrast
from mmifnd.functional.counter_random import counter_uniform

from .base import Detector

_TEXT_ANCHORS = 1  # a counter


class RandomDetector(Detector):
    """Detects each pair with a given probability, whatever the images show.

    A pair's draw is a hash of (seed, step, anchor, candidate): the same on any number of processes. Text anchors draw for
    themselves, so that the two directions of image-text pairs are independent.

    Args:
        rate (float | Sequence[float]): probability in [0, 1], or one per epoch (the last one stays in force), such as the
            share of negatives that another run removed.
        seed (int): the seed of the draws.

    Raises:
        ValueError: if a rate is outside [0, 1].
    """

    step: Tensor

    def __init__(self, rate: float | Sequence[float], seed: int = 0) -> None:
        super().__init__()
        self.rates = [float(r) for r in rate] if isinstance(rate, Sequence) else [float(rate)]
        if not self.rates or not all(0 <= r <= 1 for r in self.rates):
            raise ValueError(f'rate={rate} of RandomDetector is outside [0, 1]; give a share, or one per epoch')
        self.seed = seed
        self.rate = self.rates[0]
        self.register_buffer('step', torch.zeros((), dtype=torch.int64))

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Set the rate of this epoch (0-based)."""
        self.rate = self.rates[min(epoch, len(self.rates) - 1)]

    def observe(self, contrast: Contrast) -> None:
        """Count the step."""
        self.step += 1

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (1, A, C)."""
        anchor, candidate = contrast.anchor_index.unsqueeze(1), contrast.candidate_index.unsqueeze(0)
        direction = (_TEXT_ANCHORS,) if contrast.anchor_kind == 'text' else ()
        draw = counter_uniform(self.seed, *direction, self.step, anchor, candidate)
        return ((draw < self.rate) & contrast.is_candidate).unsqueeze(0)
