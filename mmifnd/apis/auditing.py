"""Before any training: how many negatives are probably false, by features that are at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from mmifnd.clustering import ConfidenceAcceptance, KMeans, PseudoLabeler
from mmifnd.configuration.derived import clusters_of
from mmifnd.configuration.errors import UserError
from mmifnd.configuration.run_config import config_beside
from mmifnd.datasets.image_data import Images, image_dataset
from mmifnd.engine.progress import reported
from mmifnd.evaluation import (
    Estimate,
    SuggestedAlpha,
    batch_of_first,
    cluster_estimate,
    even_anchors,
    expected_false_negatives,
    quantile_estimate,
    suggest_alpha,
)
from mmifnd.evaluation.audit import nearest_images
from mmifnd.records.arrays import read_array, read_arrays
from mmifnd.records.detected import ByLabels, Removed
from mmifnd.registry import MODELS
from mmifnd.shortage import ShortageError
from mmifnd.visualization.removed import choose_anchors

from .feature_checks import check_directions
from .features import extract_features
from .pretraining_parts import LIBRARIES

BATCH_SIZES = (256, 1024, 4096)
#: Files of features.
FEATURES = ('.npz', '.npy')
#: Anchors that are compared with all images, at most.
MAX_ANCHORS = 2048
#: Of the confidence, by which examples are ordered.
TEMPERATURE = 0.2


@dataclass(frozen=True)
class Relation:
    """One way to tell false negatives, and what it says.

    Attributes:
        name (str): ``'k = 10'`` or ``'alpha = 0.01'``.
        estimate (Estimate): share of the negatives, and scores where labels are known.
        examples (list[Removed]): anchors and what would be removed for them, surest first.
    """

    name: str
    estimate: Estimate
    examples: list[Removed]


@dataclass(frozen=True)
class Audit:
    """The result of an audit; see :func:`audit`.

    Attributes:
        num_images (int): N.
        relations (list[Relation]): a clustering, or a quantile, each.
        labels (ndarray | None): true classes (N,), where known.
        batch_sizes (tuple[int, ...]): that the consequences are told for.
        index (ndarray | None): int64 (N,), the positions in the data of the images that could be read; None if that is all.
    """

    num_images: int
    relations: list[Relation]
    labels: np.ndarray | None
    batch_sizes: tuple[int, ...]
    index: np.ndarray | None = None
    suggested_alpha: SuggestedAlpha | None = None

    @property
    def true_share(self) -> float | None:
        """Share of the negatives that truly are false; None without labels."""
        scores = self.relations[0].estimate.scores
        return None if scores is None else scores.true_share

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(num_images=self.num_images, true_share=self.true_share, batch_sizes=list(self.batch_sizes),
                    suggested_alpha=self.suggested_alpha and self.suggested_alpha._asdict(),
                    relations=[self._row(relation) for relation in self.relations])

    def _row(self, relation: Relation) -> dict[str, Any]:
        share, scores = relation.estimate
        precision, recall = (None, None) if scores is None else (scores.precision_micro, scores.recall_micro)
        expected = {str(size): expected_false_negatives(share, size - 1) for size in self.batch_sizes}
        return dict(name=relation.name, share=share, batch_of_first=batch_of_first(share), expected=expected,
                    precision=precision, recall=recall)


def audit(source: str | Path | Tensor | np.ndarray | nn.Module, data: Images | None = None,
          labels: Sequence[int] | None = None, config: str | Path | None = None, clusters: Sequence[int] | None = None,
          alphas: Sequence[float] = (), batch_sizes: Sequence[int] | None = None, feature: str | None = None,
          num_examples: int = 5, seed: int = 0, backbone: str | None = None, weights: str | Path | None = None) -> Audit:
    """Which share of the in-batch negatives is probably false, and what that means. Nothing is trained.

    Two images of one cluster of k-means, or (by ``alphas``) an image and the most similar share of the others, are taken for
    false negatives of each other. Where labels are known, they only tell how many of these pairs are right.

    Args:
        source: features (N, D), or a file of them: ``.npy``, or ``.npz`` with ``features`` and perhaps ``labels``; or, with
            ``data``, a checkpoint or encoder as for :func:`extract_features`.
        data: images, see :func:`extract_features`; needed with a checkpoint or encoder. With a file of features, in its
            order, they may bring the labels.
        labels: true class of each image, integers >= 0, (N,), where neither file nor folder has them.
        config: of a checkpoint; default: the one beside it.
        clusters: numbers of clusters; default: what the paper takes for so many images.
        alphas: shares, in (0, 1), of the quantiles to look at besides.
        batch_sizes: images per step for which the number of false negatives is given; default: those of
            :data:`BATCH_SIZES` for which there are enough images.
        feature: of a checkpoint or encoder, ``'z'``, which needs a config, ``'f'``, or, of image-text pairs, ``'t'`` for their
            texts; default: ``'z'`` if possible.
        num_examples: anchors with examples of what would be removed.
        seed: of the choice of anchors.
        backbone: ``'torchvision/NAME'`` or ``'timm/NAME'``, frozen, to look at images without any checkpoint: ``source`` is
            then the folder of images.
        weights: file of the backbone's ``state_dict``, as its library hands it out; nothing is downloaded.

    Raises:
        UserError, ValueError: if features, labels or numbers cannot be used.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> digits = load_digits()
        >>> found = audit(digits.data, labels=digits.target, clusters=[10], alphas=[0.05])
        >>> [relation.name for relation in found.relations]
        ['k = 10', 'alpha = 0.05']
        >>> found.relations[0].estimate.scores.precision_micro > 0.5  # of the pixels' clusters; a tenth is chance
        True
    """
    for name, value in dict(num_examples=num_examples, seed=seed).items():
        if value < 0:
            raise UserError(f'{name}={value} is negative; give 0 or more')
    if backbone is not None or weights is not None:
        source, data = _frozen(backbone, weights, source, data)
    features, own_labels, index = _features(source, data, config, feature)
    classes = own_labels if labels is None else _given_classes(labels, index, len(features))
    if classes is not None and len(classes) != len(features):
        raise UserError(f'{len(classes)} labels for {len(features)} features; give one per image, in the same order')
    if len(features) < 2:
        raise UserError(f'{len(features)} image has no negatives; give at least 2')
    check_directions(features)
    batch_sizes = _batch_sizes(batch_sizes, len(features))
    if clusters is None:
        clusters = clusters_of(len(features)).value
    relations = _by_clusters(features, classes, clusters, num_examples, seed)
    relations += [_by_quantile(features, classes, alpha, num_examples, seed) for alpha in alphas]
    if not relations:
        raise UserError('there is nothing to look at: give clusters, alphas, or both')
    suggested = suggest_alpha(features, [relation.estimate.share for relation in relations[:len(clusters)]])
    return Audit(len(features), relations, classes, tuple(batch_sizes), index, suggested)


def _given_classes(labels: Sequence[int], index: np.ndarray | None, count: int) -> np.ndarray:
    """Labels of the ``count`` images that features were taken of, where they are given for all images."""
    classes = np.asarray(labels)
    return classes if index is None or len(classes) <= count else classes[index]


def _batch_sizes(sizes: Sequence[int] | None, count: int) -> Sequence[int]:
    """Batch sizes to count false negatives for; by default those for which there are enough images."""
    if sizes is None:
        return [size for size in BATCH_SIZES if size <= count] or [count]
    outside = [size for size in sizes if not 2 <= size <= count]
    if outside:
        raise UserError(f'batch size {outside[0]} is outside [2, {count}], the number of images; choose one within')
    return sizes


def _features(source: Any, data: Any, config: str | Path | None,
              feature: str | None) -> tuple[Tensor, np.ndarray | None, np.ndarray | None]:
    """Features (N, D); labels (N,), if they come with them; positions (N,), if some images could not be read."""
    if isinstance(source, (str, Path)) and Path(source).suffix in FEATURES:
        features, labels = _read(Path(source))
        return features, image_dataset(data).labels() if labels is None and data is not None else labels, None
    if not isinstance(source, (str, Path, nn.Module)):
        return _as_matrix(source), None, None
    if data is None:
        raise UserError('a checkpoint or encoder needs images: give data=FOLDER, or a file of features (.npz, .npy)')
    if feature is None:
        has_embedding = (hasattr(source, 'cluster_feature') if isinstance(source, nn.Module)
                         else config or config_beside(source))
        feature = 'z' if has_embedding else 'f'
    extracted = extract_features(source, data, config=config, feature=feature)
    labels, index = (None if column is None else column.numpy() for column in (extracted.labels, extracted.index))
    return extracted.features, labels, index


def _frozen(backbone: str | None, weights: str | Path | None, source: Any, data: Images | None) -> tuple[nn.Module, Images]:
    """A backbone with weights of a file, and the images, which are given as ``source``."""
    encoder = frozen_backbone(backbone, weights)
    if data is not None or not isinstance(source, (str, Path)) or not Path(source).expanduser().is_dir():
        raise UserError('with a backbone, give the folder of images first: audit(FOLDER, backbone=..., weights=...)')
    return encoder, source


def frozen_backbone(backbone: str | None, weights: str | Path | None) -> nn.Module:
    """A backbone of torchvision or timm with weights of a file, in evaluation mode.

    Raises:
        UserError: if the name is unknown, or there are no weights.
    """
    library, _, name = (backbone or '').partition('/')
    if library not in LIBRARIES or not name:
        raise UserError(f"backbone={backbone!r} is unknown; give 'torchvision/NAME' or 'timm/NAME', and its weights as a file")
    if weights is None:
        raise UserError(f'backbone={backbone!r} has random weights, whose features say nothing; give weights=FILE, a local '
                        'file')
    with DefaultScope.overwrite_default_scope('mmifnd'):
        encoder: nn.Module = MODELS.build(dict(type=LIBRARIES[library], name=name, weights=str(weights)))
    encoder.eval()
    return encoder


def _as_matrix(source: Any) -> Tensor:
    """Features (N, D) as float32."""
    try:
        features = torch.as_tensor(source)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f'source is {type(source).__name__} and no array of features (N, D): {error}') from None
    if features.dim() != 2 or features.is_complex() or features.dtype == torch.bool:
        kind = str(features.dtype).removeprefix('torch.')
        maps = '; average maps over their places first: features.mean(dim=(2, 3))' if features.dim() == 4 else ''
        raise UserError(f'features are {kind} of shape {tuple(features.shape)}; give real numbers (N, D), one row per image'
                        f'{maps}')
    return features.float()


def _read(path: Path) -> tuple[Tensor, np.ndarray | None]:
    """A file of features; nothing in it is unpickled."""
    if not path.is_file():
        raise UserError(f'features {path} do not exist; give a .npz or .npy file')
    try:
        arrays = dict(features=read_array(path)) if path.suffix == '.npy' else read_arrays(path)
    except ShortageError:
        raise
    except (ValueError, OSError) as error:
        raise UserError(f'features {path} cannot be read: {error}') from None
    if 'features' not in arrays or arrays['features'].ndim != 2 or arrays['features'].dtype.kind not in 'fiu':
        raise UserError(f'{path} has no array of numbers features (N, D); it has '
                        + ', '.join(f'{name} {array.dtype} {array.shape}' for name, array in arrays.items()))
    return torch.from_numpy(arrays['features']).float(), arrays.get('labels')


def _by_clusters(features: Tensor, labels: np.ndarray | None, clusters: Sequence[int], num_examples: int,
                 seed: int) -> list[Relation]:
    relations = []
    with reported('k-means', len(clusters)) as report:
        for count in clusters:
            relations.append(_by_cluster(features, labels, count, num_examples, seed))
            report(len(relations))
    return relations


def _by_cluster(features: Tensor, labels: np.ndarray | None, count: int, num_examples: int, seed: int) -> Relation:
    labeler = PseudoLabeler((count,), ConfidenceAcceptance('constant'), TEMPERATURE, KMeans())
    labeler.check(len(features))
    level, = labeler(features, progress=1.).granularities
    assignment, confidence = level.assignment.numpy(), level.confidence.numpy()
    anchors = choose_anchors(assignment, num_examples, seed).tolist()
    clusters = ByLabels(assignment, confidence)
    return Relation(f'k = {count}', cluster_estimate(assignment, labels), [clusters.of(anchor) for anchor in anchors])


def _by_quantile(features: Tensor, labels: np.ndarray | None, alpha: float, num_examples: int, seed: int) -> Relation:
    estimate = quantile_estimate(features, alpha, labels, even_anchors(len(features), MAX_ANCHORS))
    unit = F.normalize(features, dim=1)
    anchors = torch.from_numpy(np.sort(np.random.default_rng(seed).permutation(len(unit))[:num_examples]))
    count = round(estimate.share * (len(unit) - 1))
    examples = []
    for anchor, row in zip(anchors.tolist(), nearest_images(unit, anchors, count)):
        others = row.nonzero().squeeze(1)
        similarity, order = (unit[others] @ unit[anchor]).sort(descending=True)
        examples.append(Removed(anchor, others[order].numpy(), similarity.numpy()))
    return Relation(f'alpha = {alpha:g}', estimate, examples)
