"""SCE's head: soft labels from the similarities of the momentum branch."""

from torch import Tensor

from mmifnd.checks import check_divisor, check_inside
from mmifnd.contrast import Contrast
from mmifnd.functional import similarity_contrastive_loss
from mmifnd.registry import MODELS

from .contrastive import ContrastiveHead


@MODELS.register_module()
class SCEHead(ContrastiveHead):
    """Predicts how similar the positive is to the other keys, and which one it is (SCE: Denize et al., WACV 2023).

    Detected false negatives leave both the label and the prediction. Works with any detector.

    Args:
        temperature (float): of the prediction.
        key_temperature (float): of the label; smaller than ``temperature``, so that the label is the sharper one.
        weight (float): of the one-hot label, lambda in the paper; 1 is InfoNCE.
        **kwargs: see :class:`ContrastiveHead`.

    Raises:
        ValueError: if a value is out of range.
    """

    def __init__(self, temperature: float = 0.1, key_temperature: float = 0.05, weight: float = 0.5, **kwargs) -> None:
        super().__init__(temperature=temperature, **kwargs)
        check_divisor('key_temperature', key_temperature, 'SCEHead', '0.05 is usual')
        check_inside('weight', weight, 0, 1, 'both', 'SCEHead', 'it weighs the one-hot label, 0.5 is usual')
        self.key_temperature, self.weight = key_temperature, weight

    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """SCE's loss without the false negatives."""
        return similarity_contrastive_loss(
            contrast.positive_similarity, contrast.negative_similarity, contrast.key_similarity, false_negative,
            self.temperature, self.key_temperature, self.weight)
