"""SigLIP's head: each pair is a yes-or-no question of its own."""

import torch
from torch import Tensor, nn

from mmifnd.checks import check_choice, check_positive
from mmifnd.contrast import Contrast
from mmifnd.functional import sigmoid_loss
from mmifnd.functional.sigmoid import ACTIONS
from mmifnd.registry import MODELS

from .attraction_limit import AttractionLimit
from .contrastive import ContrastiveHead


@MODELS.register_module()
class SigmoidHead(ContrastiveHead):
    """The sigmoid loss (SigLIP: Zhai et al., ICCV 2023, Eq. 1), whose detected false negatives are left out or attracted.

    Each direction of image-text pairs gives half of every pair's term, and has its own detector: without one, the sum is the
    paper's loss; a pair that only one direction detects loses that half.

    Args:
        temperature (float): 1 / scale; the paper starts at a scale of 10.
        bias (float): b, at the start if it is learned.
        learned_bias (bool): learn the bias; one for both directions.
        action (str): ``'eliminate'`` or ``'attract'``.
        positive_weight (float): weight of the terms of positive pairs, > 0.
        max_share (float, optional): of ``'attract'``, the share of each anchor's candidates that are attracted at most; see
            :class:`AttrContrastiveHead`.
        **kwargs: see :class:`ContrastiveHead`.

    Raises:
        ValueError: if the action is unknown or the weight is not positive.
    """

    can_learn_temperature = True
    has_denominator = False

    def __init__(self, temperature: float = 0.1, bias: float = -10., learned_bias: bool = False, action: str = 'eliminate',
                 positive_weight: float = 1., max_share: float | None = None, **kwargs) -> None:
        super().__init__(temperature=temperature, **kwargs)
        check_choice('action', action, ACTIONS, 'SigmoidHead')
        check_positive('positive_weight', positive_weight, 'SigmoidHead', '1 is usual')
        if max_share is not None and action != 'attract':
            raise ValueError(f"max_share={max_share} of SigmoidHead bounds what is attracted, and action={action!r} attracts "
                             'nothing; leave it out')
        if action == 'attract':
            self.attraction_limit = AttractionLimit(max_share, self.detector, type(self).__name__)
        self.action, self.positive_weight, self.initial_bias = action, positive_weight, float(bias)
        self.bias = nn.Parameter(torch.tensor(float(bias))) if learned_bias else None

    def share(self, owner: 'SigmoidHead') -> None:
        """Also use the learned bias of ``owner``."""
        super().share(owner)
        self.bias = None

    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """Mean over anchors of the sum over their pairs."""
        bias = self.initial_bias if self.owner.bias is None else self.owner.bias
        if self.attraction_limit is not None:
            false_negative = self.attraction_limit(contrast, false_negative)
        return sigmoid_loss(contrast.positive_similarity, contrast.negative_similarity, false_negative,
                            self.current_temperature, bias, self.action, self.positive_weight)
