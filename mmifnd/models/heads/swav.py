"""SwAV's head: prototypes, codes of rows that mean the same, and the loss that predicts them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmifnd.checks import check_divisor
from mmifnd.distributed import all_reduce
from mmifnd.functional import first_of_label, mean_by_label, mean_with_detected, sinkhorn_codes, swapped_prediction_loss
from mmifnd.parts import FollowsSteps
from mmifnd.registry import MODELS

from ..assignment import AssignmentContrast
from .contrastive import ContrastiveHead


@MODELS.register_module()
class SwAVHead(ContrastiveHead, FollowsSteps):
    """Predicts the code of a crop from the other crops of its image (SwAV: Caron et al., NeurIPS 2020).

    With a detector, rows that mean the same are replaced by their mean before codes are computed (IFND, appendix F): over
    batch, queue and processes, at every granularity; the loss takes the mean code. Rows of one label, as of
    :class:`mmifnd.detectors.PseudoLabelDetector`, get equal codes. A relation that is no equivalence gives each row the
    mean of itself and of what was detected for it.

    Args:
        in_channels (int): dimension of the embedding; :class:`SwAVAdapter` fills it in, and it cannot be left out elsewhere.
        num_prototypes (int): prototypes, unit vectors after each step.
        temperature (float): of the prediction.
        epsilon (float): of the codes; larger values give softer ones.
        num_iterations (int): of Sinkhorn's algorithm.
        freeze_iterations (int): steps during which the prototypes do not move: they have no gradient, so that the optimizer
            passes them over, momentum and weight decay included.
        renormalize (bool): give means unit length again, the length that ``epsilon`` is made for.
        **kwargs: see :class:`ContrastiveHead`.

    Raises:
        ValueError: if a value is out of range, or ``in_channels`` is missing.
    """

    has_denominator = False

    def __init__(self, in_channels: int | None = None, num_prototypes: int = 3000, temperature: float = 0.1,
                 epsilon: float = 0.05, num_iterations: int = 3, freeze_iterations: int = 0, renormalize: bool = True,
                 **kwargs) -> None:
        super().__init__(temperature=temperature, **kwargs)
        if in_channels is None:
            raise ValueError('SwAVHead has no in_channels: it predicts codes of crops, which other frameworks do not compare '
                             'with prototypes; use it in SwAVAdapter, which fills them in')
        check_divisor('epsilon', epsilon, 'SwAVHead', '0.05 is usual')
        if num_prototypes < 2 or num_iterations < 1 or freeze_iterations < 0:
            raise ValueError(f'num_prototypes={num_prototypes}, num_iterations={num_iterations} and freeze_iterations='
                             f'{freeze_iterations} of SwAVHead must be at least 2, 1 and 0')
        self.num_prototypes, self.epsilon, self.num_iterations = num_prototypes, epsilon, num_iterations
        self.freeze_iterations, self.renormalize = freeze_iterations, renormalize
        self.prototypes = nn.Linear(in_channels, num_prototypes, bias=False)
        self.register_buffer('step', torch.zeros((), dtype=torch.int64))
        self._is_frozen = False

    def start_step(self, step: int, max_steps: int) -> None:
        """Note whether the prototypes are frozen in this step."""
        self._is_frozen = step < self.freeze_iterations

    def before_update(self) -> None:
        """Take the gradient of frozen prototypes away, which ranks have averaged by now."""
        if self._is_frozen:
            self.prototypes.weight.grad = None

    def criterion(self, contrast: AssignmentContrast, false_negative: Tensor) -> Tensor:
        """The swapped prediction of the mean code."""
        if not isinstance(contrast, AssignmentContrast):
            raise TypeError(f'SwAVHead got a {type(contrast).__name__}, which has no crops to predict codes from; use it in '
                            'SwAVAdapter')
        with torch.autocast(contrast.crops.device.type, enabled=False):
            prototypes = self._unit_prototypes(contrast.anchor.dtype)
            codes = self.codes(contrast, false_negative, prototypes)
            scores = contrast.crops.to(prototypes.dtype) @ prototypes.T
            return swapped_prediction_loss(scores, codes, contrast.crops_for_assign, self.temperature)

    @torch.no_grad()
    def codes(self, contrast: AssignmentContrast, false_negative: Tensor, prototypes: Tensor) -> Tensor:
        """Codes of this process's batch, (E, B, P), the mean over granularities.

        Args:
            false_negative (Tensor): bool (G, E * B, E * R), of the batch; the queue's are asked for here.
            prototypes (Tensor): unit vectors, (P, D).
        """
        batch, labels = contrast.assigned.batch, self._labels(contrast.assigned.index)
        mean = None
        for number, rows in enumerate(self._rows(contrast, false_negative, labels)):
            codes = sinkhorn_codes(rows @ prototypes.T, self.epsilon, self.num_iterations, all_reduce)[:, -len(batch):]
            if labels is not None:
                # A product's last bits depend on where in the matrix a row stands; one label has one code.
                codes = codes[:, first_of_label(labels[number][batch])]
            # Equal codes have that code as their mean, which the third of a sum of three need not be.
            mean = codes if mean is None else torch.lerp(mean, codes, 1 / (number + 1))
        return mean

    def _labels(self, index: Tensor) -> Tensor | None:
        """Labels (G, R) of images ``index`` (R,), of a detector that compares labels; else None."""
        return self.detector.labels_of(index) if self.detector.compares_labels else None

    def _rows(self, contrast: AssignmentContrast, false_negative: Tensor, labels: Tensor | None) -> Tensor:
        """This process's rows after the replacement, (G, E, S + B, D)."""
        rows, positions = contrast.assigned.rows, contrast.assigned.own
        if self.detector.detects_nothing:
            return rows[positions].transpose(0, 1).unsqueeze(0)
        if labels is None:
            return self._detected_means(contrast, false_negative)
        return torch.stack([mean_by_label(rows, level, self.renormalize)[positions] for level in labels]).transpose(1, 2)

    def _detected_means(self, contrast: AssignmentContrast, false_negative: Tensor) -> Tensor:
        """Compute the codes for a relation that is no equivalence."""
        crops, parts = len(contrast.crops_for_assign), [(contrast, false_negative)]
        if len(contrast.assigned.queued):
            parts.insert(0, (contrast.of_queue, self.detector.detect(contrast.of_queue)))
        means = [
            torch.stack([mean_with_detected(part.anchor, part.candidate, mask, self.renormalize) for mask in masks])
            for part, masks in parts]
        return torch.cat([rows.unflatten(1, (crops, -1)) for rows in means], dim=2)

    def _unit_prototypes(self, dtype: torch.dtype) -> Tensor:
        """Prototypes (P, D), normalised in place; no gradient reaches them while they are frozen."""
        weight = self.prototypes.weight
        with torch.no_grad():
            weight.copy_(F.normalize(weight, dim=1))
        if self.training and self.freeze_iterations:
            self.step += 1
            weight = torch.where(self.step <= self.freeze_iterations, weight.detach(), weight)
        return weight.to(dtype)
