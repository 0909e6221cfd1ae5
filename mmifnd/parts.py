"""What a part of a model, or a hook, can take part in: it says so by deriving from the class, never by a method's name.

A framework informs each of its modules that derives from one of these classes; a backbone with a ``bind`` of its own is left
alone. Derive from the module first: ``class MyDetector(Detector, TakesPseudoLabels)``.
"""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor


class KnowsImages(ABC):
    """A part that keeps something for each image of the training set."""

    #: Whether :meth:`bind` may be given true labels. Only controls that bound what is possible say yes.
    uses_labels = False

    @abstractmethod
    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Allocate what is kept per image, before training starts and before a checkpoint is loaded.

        Args:
            num_samples (int): images in the training set, N.
            labels (Tensor, optional): true class of each image, (N,); given only if ``uses_labels``.
        """


class KnowsGroups(ABC):
    """A part that wants to know which images belong together: of one patient, video, product or caption."""

    @abstractmethod
    def bind_groups(self, groups: Tensor | None) -> None:
        """Take the group of each image, integers (N,), -1 if it is unknown; called after ``bind``."""


class KnowsFingerprint(ABC):
    """A part with something of each image that another program has made, and that fits one data set only."""

    @abstractmethod
    def bind_fingerprint(self, fingerprint: str) -> None:
        """Compare with the fingerprint of the training set, as of ``IndexedDataset.fingerprint()``; called after ``bind``."""


class TakesPseudoLabels(ABC):
    """A part that uses the clusters of the training set."""

    #: Whether embeddings are compared with the centroids that come with pseudo labels.
    uses_centroids = False

    @abstractmethod
    def publish(self, pseudo_labels: Any) -> None:
        """Take a new :class:`mmifnd.clustering.PseudoLabels`."""


class FollowsEpochs(ABC):
    """A part that changes with the epoch."""

    @abstractmethod
    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take note that epoch ``epoch`` (0-based) of ``max_epochs`` begins."""


class FollowsSteps(ABC):
    """A part that changes with the step."""

    @abstractmethod
    def start_step(self, step: int, max_steps: int) -> None:
        """Take note that step ``step`` (0-based) of the ``max_steps`` of the training begins."""


class DrawsBySeed(ABC):
    """A part that draws by a counter-based hash of the run's seed."""

    @abstractmethod
    def seed_draws(self, seed: int) -> None:
        """Draw by this seed from now on; also called after a resume."""


class KeepsRankState(ABC):
    """A hook, or another part, that knows something on each rank which a resumed run needs."""

    @abstractmethod
    def rank_state(self) -> dict:
        """The state of this rank for a checkpoint: tensors and plain values."""

    @abstractmethod
    def load_rank_states(self, states: list[dict]) -> None:
        """Continue with the states of all ranks of the run that wrote the checkpoint; their number may differ from today's."""


#: The methods by which each kind of part takes part.
METHODS: dict[type, tuple[str, ...]] = {
    KnowsImages: ('bind',), KnowsGroups: ('bind_groups',),
    KnowsFingerprint: ('bind_fingerprint',), TakesPseudoLabels: ('publish',),
    FollowsEpochs: ('start_epoch',), FollowsSteps: ('start_step',),
    DrawsBySeed: ('seed_draws',), KeepsRankState: ('rank_state', 'load_rank_states')}


def undeclared(kind: type) -> dict[str, str]:
    """Methods of a class that are called like those of a part, without its declaration: the missing class of each."""
    return {method: part.__name__ for part, methods in METHODS.items() for method in methods
            if callable(getattr(kind, method, None)) and not issubclass(kind, part)}


def check_declared(kind: type) -> None:
    """Refuse a class of this package's own kinds that has such a method and would never be called.

    Raises:
        TypeError: naming the method and the class to derive from.
    """
    for method, part in undeclared(kind).items():
        raise TypeError(f'{kind.__name__} has {method}(), which nobody calls unless it derives from mmifnd.parts.{part}: '
                        f'class {kind.__name__}({", ".join([*(base.__name__ for base in kind.__bases__), part])})')
