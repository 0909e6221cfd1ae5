"""SANE's head: refined labels. Provisional: see `mmifnd.functional.self_labeling`."""

from collections.abc import Sequence

from torch import Tensor

from mmifnd.checks import check_choice, check_inside
from mmifnd.contrast import Contrast
from mmifnd.functional import prior_confidence, self_labeling_loss
from mmifnd.functional.self_labeling import SECOND_LABELS
from mmifnd.parts import FollowsEpochs
from mmifnd.registry import MODELS

from .contrastive import ContrastiveHead


@MODELS.register_module()
class SANEHead(ContrastiveHead, FollowsEpochs):
    """Self-labeling refinery (SANE: Zhou et al., NeurIPS 2021). Provisional: formulas and constants from memory.

    Detected false negatives leave both the label and the prediction. Works with any detector. The prior grows from
    epoch to epoch (the paper's from step to step: the difference is less than an epoch's growth), so that a resumed
    run needs no more than its epoch.

    Args:
        temperature (float): of the prediction.
        sharpening (float): factor on the temperature of the label, in (0, 1]; 0.8 on CIFAR-10, 1 on ImageNet.
        prior (Sequence[float]): confidence in the refinery at the start and at the end of the training, each >= 0;
            (0, 1) on CIFAR-10, (0.5, 10) on ImageNet.
        second_label (str): ``'nearest'``, ``'candidates'`` or ``'none'``, see :func:`mmifnd.functional.refined_label`.
        **kwargs: see :class:`ContrastiveHead`.

    Raises:
        ValueError: if a value is out of range.
    """

    #: Results made with this component carry a footnote.
    provisional = True

    def __init__(self, temperature: float = 0.2, sharpening: float = 1., prior: Sequence[float] = (0.5, 10.),
                 second_label: str = 'nearest', **kwargs) -> None:
        super().__init__(temperature=temperature, **kwargs)
        check_inside('sharpening', sharpening, 0, 1, 'right', 'SANEHead', '0.8 and 1 are usual')
        if len(prior) != 2 or not all(0 <= value < float('inf') for value in prior):
            raise ValueError(f'prior={tuple(prior)} of SANEHead must be two numbers of at least 0, at the start and at '
                             'the end of the training; (0, 1) and (0.5, 10) are usual')
        check_choice('second_label', second_label, SECOND_LABELS, 'SANEHead')
        self.sharpening, self.second_label = sharpening, second_label
        self.prior_range = tuple(prior)
        self.prior = float(prior[0])

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take the prior of this epoch (0-based)."""
        self.prior = prior_confidence(epoch / max_epochs, *self.prior_range)

    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """Cross entropy with the refined labels, without the false negatives."""
        return self_labeling_loss(
            contrast.positive_similarity, contrast.negative_similarity, contrast.key_similarity, false_negative,
            self.temperature, self.sharpening, self.prior, self.second_label)
