"""A sampler that can begin in the middle of an epoch."""

from collections.abc import Iterator
from itertools import islice

from torch.utils.data import Dataset, Sampler

from mmifnd.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class ResumableSampler(Sampler):
    """Leaves out the first positions of an epoch, without reading an image; all else is that of another sampler.

    The order of an epoch is a function of (seed, epoch), so what is left out is what was trained on already.

    Args:
        sampler (dict | Sampler): config or sampler, whose order depends on its ``seed`` and ``set_epoch`` only.
        dataset (Dataset, optional): for a config.
        seed (int, optional): for a config.

    Attributes:
        start (int): positions of this rank that the next pass leaves out.
    """

    def __init__(self, sampler: dict | Sampler, dataset: Dataset | None = None, seed: int | None = None) -> None:
        if isinstance(sampler, dict):
            sampler = DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset, seed=seed))
        self.sampler = sampler
        self.start = 0

    @property
    def seed(self) -> int:
        """The seed of the order."""
        return self.sampler.seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self.sampler.seed = seed

    def set_epoch(self, epoch: int) -> None:
        """Take the order of ``epoch`` (0-based) from now on."""
        self.sampler.set_epoch(epoch)

    def __iter__(self) -> Iterator[int]:
        return islice(iter(self.sampler), self.start, None)

    def __len__(self) -> int:
        """Positions of a whole epoch on this rank."""
        return len(self.sampler)
