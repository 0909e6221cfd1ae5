"""GloFND's head."""

from mmifnd.registry import MODELS

from .contrastive import ElimContrastiveHead


@MODELS.register_module()
class GloFNDThresholdHead(ElimContrastiveHead):
    """:class:`ElimContrastiveHead` with a learned threshold for each image and re-weighted negatives as defaults.

    GloFND: Balmaseda et al., ICML 2025.

    Args:
        detector (dict, optional): :class:`mmifnd.detectors.QuantileThresholdDetector`.
        reweight (bool): scale the kept negatives to the original count.
        **kwargs: see :class:`ContrastiveHead`.
    """

    def __init__(self, detector: dict | None = None, reweight: bool = True, **kwargs) -> None:
        super().__init__(detector=detector or dict(type='QuantileThresholdDetector'), reweight=reweight, **kwargs)
