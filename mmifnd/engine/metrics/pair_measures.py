"""Registered measures of image-text pairs: retrieval, classification by texts, and the gap between images and texts."""

from collections.abc import Sequence

from mmifnd.checks import check_at_least
from mmifnd.datasets.prompts import prompts_of, read_classes, read_templates
from mmifnd.errors import UserError
from mmifnd.evaluation import class_weights, group_weights, modality_gap, retrieval_recall, zero_shot_accuracy
from mmifnd.registry import METRICS

from .measure import Measure
from .representation import Representation
from .representation_measures import group_numbers


@METRICS.register_module()
class ImageTextRetrieval(Measure):
    """Recall at k of texts by images and of images by texts, over the whole test set, in percent.

    See :func:`mmifnd.evaluation.retrieval_recall`: any of an image's captions is a hit, and ties count against the model. The
    numbers are given twice: a text matches its own image only, as in the literature; and, under ``_same_caption``, the images
    of all texts with the same normalised caption.

    Args:
        ks (Sequence[int]): the numbers k.
        captions (int, optional): captions of an image that are used, the first ones; 5 in the protocols of Flickr30k and COCO;
            default: all.
    """

    key = 'retrieval_mean'
    needs_labels = needs_training_images = False
    needs_captions = True

    def __init__(self, ks: Sequence[int] = (1, 5, 10), captions: int | None = None) -> None:
        for k in ks:
            check_at_least('ks', k, 1, 'ImageTextRetrieval', '1, 5 and 10 are usual')
        if captions is not None:
            check_at_least('captions', captions, 1, 'ImageTextRetrieval', '5 is usual')
        self.ks, self.captions = tuple(ks), captions

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``i2t_R@1``, ``t2i_R@1`` and so on, ``retrieval_mean``, and the median and mean ranks."""
        texts = rep.texts.first(self.captions)
        own = retrieval_recall(rep.test_embedding, texts.embedding, texts.owner, ks=self.ks)
        same = retrieval_recall(rep.test_embedding, texts.embedding, texts.owner, texts.group, self.ks)
        return {**own, **{f'{name}_same_caption': value for name, value in same.items() if not name.endswith('_rank')}}


@METRICS.register_module()
class ModalityGap(Measure):
    """The distance between the means of image and text embeddings; see :func:`mmifnd.evaluation.modality_gap`."""

    key = 'modality_gap'
    needs_labels = needs_training_images = False
    needs_captions = True

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``modality_gap``, ``positive_cosine`` and ``negative_cosine``, in units of cosine similarity."""
        found = modality_gap(rep.test_embedding, rep.texts.embedding, rep.texts.owner)
        return dict(modality_gap=found.gap, positive_cosine=found.positive_cosine, negative_cosine=found.negative_cosine)


@METRICS.register_module()
class ZeroShotClassification(Measure):
    """Accuracy of the class whose texts are most similar to the image, in percent (Radford et al., section 3.1).

    Args:
        classes (str | Sequence[str], optional): names of the classes in the order of the labels: ``'imagenet'``, a text file
            with one on each line, or a list; default: the names that the test set gives its classes.
        templates (str | Sequence[str]): ``'openai'`` (80) or ``'simple'`` (7) of open_clip, a text file, or a list; each has
            ``{}`` for the class.
        groups (dict[str, dict[str, str]], optional): for each name of a grouping, the group of every class, for accuracies at
            coarser depths; the unit vector of a group is the mean of its classes'.

    Raises:
        UserError: if a class comes twice, or a template has no ``{}``.
    """

    key = 'zero_shot'
    needs_labels = needs_training_images = False
    needs_test_labels = True
    needs_tokenizer = True

    def __init__(self, classes: str | Sequence[str] | None = None, templates: str | Sequence[str] = ('a photo of a {}.', '{}'),
                 groups: dict[str, dict[str, str]] | None = None) -> None:
        self.classes = None if classes is None else read_classes(classes)
        self.templates, self.groups = read_templates(templates), groups or {}

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``zero_shot`` (top-1), ``zero_shot_top5``, ``zero_shot_per_class`` (mean recall), ``zero_shot_GROUPING`` (top-1)."""
        classes = self._classes(rep)
        prompts = rep.encode_texts(prompts_of(classes, self.templates))
        weights = class_weights(prompts.unflatten(0, (len(classes), len(self.templates))))
        found = zero_shot_accuracy(rep.test_embedding, weights, rep.test_labels)
        results = dict(zero_shot=found.top1, zero_shot_per_class=found.per_class)
        if len(classes) > 5:
            results['zero_shot_top5'] = found.top5
        for name, groups in self.groups.items():
            group = group_numbers(name, groups, classes)
            of_group = zero_shot_accuracy(rep.test_embedding, group_weights(weights, group), group[rep.test_labels])
            results[f'zero_shot_{name}'] = of_group.top1
        return results

    def _classes(self, rep: Representation) -> list[str]:
        """The names of the classes.

        Raises:
            UserError: if there are none, or fewer than labels.
        """
        classes = read_classes(rep.test_classes) if self.classes is None and rep.test_classes else self.classes
        if classes is None:
            raise UserError('the test set does not name its classes; give classes=[...] of ZeroShotClassification')
        largest = int(rep.test_labels.max())
        if largest >= len(classes):
            raise UserError(f'the labels of the test set run up to {largest}, but there are {len(classes)} classes; name one '
                            'for each label')
        named = rep.test_classes
        if self.classes is not None and named and len(named) != len(classes):
            raise UserError(f'the test set has {len(named)} classes, but classes of ZeroShotClassification names '
                            f'{len(classes)}; labels would not mean the same')
        return classes
