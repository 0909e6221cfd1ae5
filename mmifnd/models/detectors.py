"""The detectors, registered: `mmifnd.detectors` itself knows nothing of registries."""

from mmifnd import detectors
from mmifnd.registry import MODELS

for _detector in (detectors.BatchQuantileDetector, detectors.GroundTruthDetector, detectors.GroupDetector,
                  detectors.GuideDetector, detectors.NoDetector, detectors.PositiveMarginDetector,
                  detectors.PseudoLabelDetector, detectors.QuantileThresholdDetector, detectors.RandomDetector,
                  detectors.TopKDetector):
    MODELS.register_module(module=_detector)


@MODELS.register_module()
class UnionDetector(detectors.UnionDetector):
    """:class:`mmifnd.detectors.UnionDetector`, its parts built from configs.

    Args:
        detectors (dict[str, dict]): a config by name.
    """

    def __init__(self, detectors: dict[str, dict]) -> None:
        super().__init__({name: MODELS.build(config) for name, config in detectors.items()})
