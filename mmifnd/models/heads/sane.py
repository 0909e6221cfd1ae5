"""SANE's head: refined labels (Zhou et al., NeurIPS 2021)."""

from collections.abc import Sequence

from torch import Tensor

from mmifnd.checks import check_inside
from mmifnd.contrast import Contrast
from mmifnd.functional import prior_confidence, self_labeling_loss
from mmifnd.functional.self_labeling import PARTS, check_parts
from mmifnd.parts import FollowsSteps
from mmifnd.registry import MODELS

from .contrastive import ContrastiveHead


@MODELS.register_module()
class SANEHead(ContrastiveHead, FollowsSteps):
    """Self-labeling refinery (SANE: Zhou et al., NeurIPS 2021, Eq. 4, 5 and 9).

    With momentum mixup, real queries keep their one-hot labels and virtual queries have refined ones, as in the paper. Without
    it, as in a framework that does not mix, the labels of real queries are half refined: the terms of Eq. 9 at lambda 0.5,
    both of the same queries. Detected false negatives leave both the label and the prediction. Works with any detector.

    Args:
        temperature (float): of the prediction.
        sharpening (float): tau', factor on the temperature of the label, in (0, 1]; 0.8 on CIFAR-10, 1 on ImageNet.
        prior (Sequence[float]): mu, confidence in the refinery at the start and at the end of the training, each >= 0;
            (0, 1) on CIFAR-10, (0.5, 10) on ImageNet. It moves with each step.
        parts (Sequence[str]): ``('p', 'q')``, or one of them (Table 4); see :func:`mmifnd.functional.refined_label`.
        refined_share (float, optional): of the refined label in the label of a real query, in [0, 1]. Default: 0 with
            momentum mixup, 0.5 without.
        **kwargs: see :class:`ContrastiveHead`.

    Raises:
        ValueError: if a value is out of range.
    """

    weighs_anchors = True

    def __init__(self, temperature: float = 0.2, sharpening: float = 1., prior: Sequence[float] = (0.5, 10.),
                 parts: Sequence[str] = PARTS, refined_share: float | None = None, **kwargs) -> None:
        super().__init__(temperature=temperature, **kwargs)
        check_inside('sharpening', sharpening, 0, 1, 'right', 'SANEHead', '0.8 and 1 are usual')
        if len(prior) != 2 or not all(0 <= value < float('inf') for value in prior):
            raise ValueError(f'prior={tuple(prior)} of SANEHead must be two numbers of at least 0, at the start and at '
                             'the end of the training; (0, 1) and (0.5, 10) are usual')
        check_parts(parts, 'SANEHead')
        if refined_share is not None:
            check_inside('refined_share', refined_share, 0, 1, owner='SANEHead', remedy='0 and 0.5 are usual')
        self.sharpening, self.parts, self.refined_share = sharpening, tuple(parts), refined_share
        self.prior_range = tuple(prior)
        self.prior = float(prior[0])
        self._share = 0.5 if refined_share is None else refined_share

    def expect_virtual_queries(self) -> None:
        """Leave the refined labels to the virtual queries (Eq. 9), unless ``refined_share`` says otherwise."""
        if self.refined_share is None:
            self._share = 0.

    def start_step(self, step: int, max_steps: int) -> None:
        """Take the prior of this step (0-based)."""
        self.prior = prior_confidence(step / max_steps, *self.prior_range)

    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """Cross entropy of real queries, without the false negatives."""
        return self._loss(contrast, false_negative, self._share)

    def virtual_criterion(self, contrast: Contrast, false_negative: Tensor, weight: Tensor | None = None) -> Tensor:
        """Cross entropy of virtual queries with refined labels, without the false negatives."""
        return self._loss(contrast, false_negative, 1., weight)

    def _loss(self, contrast: Contrast, false_negative: Tensor, share: float, weight: Tensor | None = None) -> Tensor:
        return self_labeling_loss(
            contrast.positive_similarity, contrast.negative_similarity, contrast.key_similarity, false_negative,
            self.temperature, self.sharpening, self.prior, self.parts, share, weight)
