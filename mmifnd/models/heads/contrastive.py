"""Heads: ask the detector, hand its mask to a loss of `mmifnd.functional`."""

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from mmifnd.checks import check_divisor
from mmifnd.contrast import Contrast
from mmifnd.functional import attraction_loss, elimination_loss, softmax_mass
from mmifnd.parts import check_declared
from mmifnd.registry import MODELS

from .attraction_limit import AttractionLimit
from .step_record import StepRecord
from .temperature import LearnedTemperature

#: Share of lost negatives from which on an anchor counts as short of them.
_SHORT = 0.9


class ContrastiveHead(BaseModule):
    """Base of the heads that have a detector.

    Args:
        temperature (float): of the loss, > 0; the value at the start if it is learned.
        learned_temperature (dict, optional): learn the temperature, with the arguments of :class:`LearnedTemperature` but
            ``initial``, which is ``temperature``; an empty dict takes its defaults. Heads of the class's
            ``can_learn_temperature`` only.
        detector (dict): who is a false negative; default: nobody.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        ValueError: if the temperature is not positive, or cannot be learned.
    """

    #: Whether the loss has a gradient to its temperature.
    can_learn_temperature = False

    #: Whether :meth:`virtual_criterion` takes a factor for each anchor.
    weighs_anchors = False

    #: Whether candidates share a denominator, so that false negatives have a softmax mass.
    has_denominator = True

    #: The bound on what the head attracts; None of a head that attracts nothing.
    attraction_limit: AttractionLimit | None = None

    #: Weight of each direction's loss where a framework contrasts in two directions, as image-text pairs: InfoNCE is their
    #: mean, the global losses are their sum.
    direction_weight = 0.5

    def __init__(self, temperature: float = 0.2, detector: dict | None = None, init_cfg: dict | None = None,
                 learned_temperature: dict | None = None) -> None:
        super().__init__(init_cfg)
        check_divisor('temperature', temperature, type(self).__name__, '0.07 to 1 is usual')
        if learned_temperature is not None and not self.can_learn_temperature:
            raise ValueError(f'{type(self).__name__} cannot learn its temperature; leave learned_temperature out, or use '
                             'ElimContrastiveHead, AttrContrastiveHead, SigmoidHead, or FastCLIPHead of v0 or v3')
        self.temperature = temperature
        self.learned_temperature = (
            None if learned_temperature is None else LearnedTemperature(temperature, **learned_temperature))
        self._owner: tuple[ContrastiveHead, ...] = ()  # a tuple keeps it out of the module tree
        self.detector = MODELS.build(detector or dict(type='NoDetector'))
        self._step_hooks: OrderedDict[int, Callable[[StepRecord], None]] = OrderedDict()

    def __init_subclass__(cls, **kwargs) -> None:
        super().__init_subclass__(**kwargs)
        check_declared(cls)

    def register_step_hook(self, hook: Callable[[StepRecord], None]) -> RemovableHandle:
        """Call ``hook(record)`` for each contrast, once its loss is computed; ``remove()`` of the handle ends that."""
        handle = RemovableHandle(self._step_hooks)
        self._step_hooks[handle.id] = hook
        return handle

    @property
    def owner(self) -> 'ContrastiveHead':
        """The head that holds the learned temperature of this one: itself, unless another one shares its own."""
        return self._owner[0] if self._owner else self

    def share(self, owner: 'ContrastiveHead') -> None:
        """Use what ``owner`` learns besides the embedding instead of parameters of this head's own."""
        self.learned_temperature, self._owner = None, (owner,)

    @property
    def learns(self) -> bool:
        """Whether the head itself has parameters to learn."""
        return next(self.parameters(), None) is not None

    @property
    def current_temperature(self) -> float | Tensor:
        """The temperature of this step; a scalar with gradient if it is learned."""
        learned = self.owner.learned_temperature
        return self.temperature if learned is None else learned()

    def before_update(self) -> None:
        """Do what belongs between the backward pass and the update; the train loop calls it."""

    def finish_step(self) -> None:
        """Keep a learned temperature within its bounds after an update."""
        if self.learned_temperature is not None:
            self.learned_temperature.clamp()

    def loss(self, contrast: Contrast) -> dict[str, Tensor]:
        """The loss and what is worth logging: scalars on the model's device."""
        if self.training:
            self.detector.observe(contrast)
        false_negative = self.detector.detect(contrast)
        terms = self.terms(contrast, false_negative)
        with torch.no_grad():
            for hook in self._step_hooks.values():
                hook(StepRecord.of(contrast, false_negative, self.detector, self.mass_temperature(contrast)))
        if self.owner.learned_temperature is not None:
            terms['temperature'] = self.current_temperature.detach()
        return dict(loss=terms.pop('loss'), **statistics(contrast, false_negative, self.mass_temperature(contrast)), **terms)

    def mass_temperature(self, contrast: Contrast) -> float | Tensor | None:
        """The temperature of the softmax over the candidates, a scalar or (A, 1); None of a loss without one."""
        return self.current_temperature if self.has_denominator else None

    def terms(self, contrast: Contrast, false_negative: Tensor) -> dict[str, Tensor]:
        """``loss`` as :meth:`criterion` gives it; a head may add further scalars to log, without gradient."""
        return dict(loss=self.criterion(contrast, false_negative))

    @abstractmethod
    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """Scalar loss of a contrast whose false negatives are known, bool (G, A, C)."""

    def virtual_criterion(self, contrast: Contrast, false_negative: Tensor, weight: Tensor | None = None) -> Tensor:
        """The loss of virtual queries, which a framework with mixup makes besides the real ones; the same unless overridden.

        ``weight`` (A,), a factor on each anchor's loss in the mean, is given to heads that :attr:`weighs_anchors` only.
        """
        return self.criterion(contrast, false_negative, *(() if weight is None else (weight,)))

    def expect_virtual_queries(self) -> None:
        """Be informed that the framework makes virtual queries, too."""


@MODELS.register_module()
class ElimContrastiveHead(ContrastiveHead):
    """Removes the detected false negatives from the denominator (IFND, Eq. 3). Without a detector: InfoNCE (Eq. 1).

    Args:
        reweight (bool): scale the kept negatives to the original count, as GloFND's released code does.
        **kwargs: see :class:`ContrastiveHead`.
    """

    can_learn_temperature = weighs_anchors = True

    def __init__(self, reweight: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.reweight = reweight

    def criterion(self, contrast: Contrast, false_negative: Tensor, weight: Tensor | None = None) -> Tensor:
        """Eq. 3; ``weight`` (A,) is a factor on each anchor's loss."""
        return elimination_loss(contrast.positive_similarity, contrast.negative_similarity, false_negative,
                                self.current_temperature, self.reweight, weight)


@MODELS.register_module()
class AttrContrastiveHead(ContrastiveHead):
    """Pulls the detected false negatives to the anchor (IFND, Eq. 4). With true labels: SupCon.

    Args:
        max_share (float, optional): share of each anchor's candidates that are attracted at most, the most similar first;
            default: 4 alpha for a detector of learned thresholds, else no limit (:class:`AttractionLimit`).
        **kwargs: see :class:`ContrastiveHead`.
    """

    can_learn_temperature = True

    def __init__(self, max_share: float | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.attraction_limit = AttractionLimit(max_share, self.detector, type(self).__name__)

    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """Eq. 4, of what the limit leaves."""
        attracted = self.attraction_limit(contrast, false_negative)
        return attraction_loss(contrast.positive_similarity, contrast.negative_similarity, attracted, self.current_temperature)


@torch.no_grad()
def statistics(contrast: Contrast, false_negative: Tensor, temperature: float | Tensor | None = None) -> dict[str, Tensor]:
    """Detected false negatives, averaged over granularities, and the health of the step; scalars on the model's device.

    ``false_negatives_per_anchor``: how many; ``false_negative_share``: of all negatives; ``rows_without_negatives``: share
    of anchors that lost every one of theirs (each granularity's row counts); ``rows_short_of_negatives``: nine tenths or
    more of theirs. ``alignment``: mean squared distance to the positive; ``spread``: mean standard deviation of the anchors'
    dimensions, of which an isotropic cloud has 1 (see `mmifnd.evaluation.health`).
    """
    # int32, then float: three times as fast as a sum of bools in float32.
    detected = false_negative.sum(dim=2, dtype=torch.int32).float()
    negatives = contrast.is_candidate.sum(dim=1, dtype=torch.int32).float()
    mass = {} if temperature is None else dict(false_negative_mass=softmax_mass(
        contrast.positive_similarity, contrast.negative_similarity, false_negative, temperature).mean())
    return dict(
        mass, false_negatives_per_anchor=detected.mean(),
        false_negative_share=detected.mean(dim=0).sum() / negatives.sum().clamp(min=1),
        rows_without_negatives=((detected == negatives) & (negatives > 0)).float().mean(),
        rows_short_of_negatives=((detected >= _SHORT * negatives) & (negatives > 0)).float().mean(),
        alignment=(2 - 2 * contrast.positive_similarity).mean(),
        spread=contrast.anchor.std(dim=0, correction=0).mean() * contrast.anchor.shape[1]**0.5)
