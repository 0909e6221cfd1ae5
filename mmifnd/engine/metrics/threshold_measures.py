"""The measure of thresholds, learned or of batches."""

from mmifnd.checks import check_at_least
from mmifnd.registry import METRICS

from ..features.detector_probe import error_of, threshold_sample, view_error_of
from .measure import Measure
from .representation import Representation


@METRICS.register_module()
class QuantileError(Measure):
    """Distance of thresholds to the exact quantiles over the training set (GloFND, Fig. 3); nothing for other detectors.

    Thresholds are learned ones, or those that a detector takes from each batch, as FNC does in GloFND's comparison.

    Args:
        batch_size (int): images of a batch, for thresholds of batches.
        views (bool): also compare with the quantiles over two augmented views of each image, as GloFND's notebook does: all
            four similarities of two images count, an anchor's to itself among them, and the nearer neighbour of the quantile.

    Raises:
        ValueError: if a batch has fewer than two images, or views are asked for of a model of image-text pairs.
    """

    needs_labels = False
    needs_embedding = True
    needs_train_texts = True

    def __init__(self, batch_size: int = 256, views: bool = False) -> None:
        check_at_least('batch_size', batch_size, 2, 'QuantileError', 'an image alone has no similarities')
        self.batch_size, self.needs_train_views = batch_size, views

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``threshold_mae`` and ``threshold_rmse``, in units of cosine similarity; of pairs ``image/threshold_mae``.

        With views also ``threshold_view_mae`` and ``threshold_view_rmse``; of learned thresholds, the same of thresholds that a
        batch would give: ``threshold_view_mae_of_batches``.
        """
        measures = {}
        if self.needs_train_views:
            if set(rep.detectors) - {''} or rep.train_views is None:
                raise ValueError('views=True of QuantileError takes a framework of images with a projector; set views=False')
            measures.update(view_error_of(rep.detectors[''], rep.train_views, batch_size=self.batch_size))
        for direction, detector in rep.detectors.items():
            anchors, candidates = rep.rows_of(direction)
            errors = error_of(threshold_sample(detector, anchors, candidates=candidates, batch_size=self.batch_size))
            measures.update({f'{direction}/{name}' if direction else name: value for name, value in errors.items()})
        return measures
