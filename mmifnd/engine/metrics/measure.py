"""The base class of measures, which declare what they need."""

from mmifnd.evaluation import Summary

from .representation import Representation


class Measure:
    """Base of what :class:`mmifnd.engine.loops.RepresentationLoop` measures: numbers by name from a :class:`Representation`.

    A measure declares what it needs. What is missing is said in one line, and the measure is left out.

    Attributes:
        key (str | None): name of the only, or the main, result; in a config with several measures of one type, it gives way
            to the config's name for the measure (:func:`named_results`).
        needs_labels (bool): one label per training image.
        needs_training_images (bool): features of the training images. If no measure of a config needs them, the training set
            is not even built.
        needs_test_labels (bool): one label per test image, of the classes of the training images.
        takes_several_labels (bool): several labels per image will do, too.
        needs_disjoint_sets (bool): something is fitted to the training images and judged on the test images, so that no image
            may be in both. Where some are, the loop leaves them out of the test images; it leaves the measure out where
            fewer than half would remain.
        needs_embedding (bool): a projection head.
        needs_train_views (bool): embeddings of two augmented views of each training image.
        needs_train_texts (bool): of image-text models, the texts of the training images.
        asks_detector (bool): a detector that can be asked about any two images; needs those texts, too.
        needs_captions (bool): a text tower, and captions of the test images.
        needs_tokenizer (bool): a text tower, and a tokenizer for texts of its own.
    """

    key: str | None = None
    needs_labels = True
    needs_training_images = True
    needs_test_labels = False
    takes_several_labels = False
    needs_disjoint_sets = False
    needs_embedding = False
    needs_train_views = False
    needs_train_texts = False
    asks_detector = False
    needs_captions = False
    needs_tokenizer = False

    def __call__(self, rep: Representation) -> dict[str, float | Summary]:
        """The results by name.

        Raises:
            ValueError: if they cannot be had of ``rep``; the message is one line that says why.
        """
        raise NotImplementedError


def named_results(name: str, measure: Measure, results: dict, is_only_one: bool) -> dict:
    """Results under names that no other measure of the config takes.

    Args:
        name (str): the config's name for the measure.
        measure (Measure): that gave them.
        results (dict): by the names of its type.
        is_only_one (bool): no other measure of the config is of this type; then names stay.

    Returns:
        dict: of several measures of one type the main result is called ``name``, further ones ``name_RESULT``.

    Example:
        >>> from mmifnd.engine.metrics import FewShotProbe, KNNAccuracy
        >>> named_results('nearest', KNNAccuracy(k=1), dict(knn=50.), is_only_one=False)
        {'nearest': 50.0}
        >>> named_results('few', FewShotProbe(), dict(shot_1=50.), is_only_one=False)
        {'few_shot_1': 50.0}
    """
    if is_only_one:
        return results
    return {name if key == measure.key else f'{name}_{key}': value for key, value in results.items()}
