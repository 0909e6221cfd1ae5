"""Detection by the features of a frozen encoder."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.contrast import Contrast
from mmifnd.files import write_by, write_whole
from mmifnd.foreign import read_json
from mmifnd.functional._checks import check_alpha
from mmifnd.functional.thresholds import batch_quantile
from mmifnd.parts import KnowsFingerprint
from mmifnd.records.arrays import RecordError, read_array
from mmifnd.shortage import ShortageError

from .base import Detector

#: Bytes of features on each device, at most.
MAX_BYTES = 2 * 2**30
#: Rows that are read from a file at a time.
_CHUNK = 65_536
_PACKAGE = Path(__file__).resolve().parents[1]


class GuideDetector(Detector, KnowsFingerprint):
    """Detects candidates that a frozen encoder finds similar: its features are in a file, one row per image by stable index.

    No second encoder runs, and the file works in every framework. The features are normalised and kept as float16 on the
    device, outside of checkpoints.

    ``mmifnd.detectors.guide.save_guide`` writes such a file with the fingerprint of its data set beside it (``FILE.json``),
    which is then compared with that of the training set.

    Args:
        features (str | Sequence[str]): ``.npy`` file of floats (N, D), or several, such as one of images and one of texts; of
            several, the largest similarity counts. One of the package's own, ``mmifnd/...``, is found wherever that is.
        alpha (float, optional): share of each row's candidates that is detected, those with the largest similarity, in (0, 1).
        threshold (float, optional): detect candidates of a larger similarity, in [-1, 1]; give this or ``alpha``.
        max_bytes (int): limit of the memory that the features take on each device.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the options do not fit, or a file is no array of finite rows, or too large.
    """

    def __init__(self, features: str | Sequence[str], alpha: float | None = None, threshold: float | None = None,
                 max_bytes: int = MAX_BYTES) -> None:
        super().__init__()
        if (alpha is None) == (threshold is None):
            raise ValueError(f'alpha={alpha} and threshold={threshold} of GuideDetector: give one of them, such as alpha=0.01')
        if alpha is not None:
            check_alpha(alpha)
        if threshold is not None and not -1 <= threshold <= 1:
            raise ValueError(f'threshold={threshold} of GuideDetector is outside [-1, 1]; it is a cosine, 0.8 is usual')
        self.alpha, self.threshold_value = alpha, threshold
        self.files = [_located(file) for file in ([features] if isinstance(features, str) else features)]
        if not self.files:
            raise ValueError('features of GuideDetector is empty; name a .npy file')
        arrays = [_open(file) for file in self.files]
        _check_memory(arrays, self.files, max_bytes)
        for number, (array, file) in enumerate(zip(arrays, self.files, strict=True)):
            self.register_buffer(f'guide_{number}', _unit_rows(array, file), persistent=False)

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Refuse features of another number of images."""
        super().bind(num_samples, labels)
        for guide, file in zip(self._guides(), self.files, strict=True):
            if len(guide) != num_samples:
                raise ValueError(f'features={file} of GuideDetector has {len(guide)} rows, but the training set has '
                                 f'{num_samples} images; take the features of the training set, one row per image in its order')

    def bind_fingerprint(self, fingerprint: str) -> None:
        """Refuse features of another data set, if the file beside them says which one they are of."""
        for file in self.files:
            recorded = _fingerprint_beside(file)
            if recorded is None:
                warnings.warn(f'{file} of GuideDetector has no {_sidecar(file).name} beside it, so that nobody can tell '
                              'whether it is of this data set; write features by save_guide', stacklevel=2)
            elif recorded != fingerprint:
                raise ValueError(f'features={file} of GuideDetector is of a data set with fingerprint {recorded}, but the '
                                 f'training set has {fingerprint}; images, captions or order differ: extract anew')

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (1, A, C): above the row's quantile, or the threshold."""
        similarity = self.similarity(contrast)
        threshold = self.threshold_value if self.alpha is None else batch_quantile(similarity, self.alpha).unsqueeze(1)
        above = similarity > cast(float | Tensor, threshold)  # one of the two options is given
        return (above & (similarity > -torch.inf)).unsqueeze(0)

    @torch.no_grad()
    def similarity(self, contrast: Contrast) -> Tensor:
        """The guide's cosine similarities, float32 (A, C); -inf where there is no candidate."""
        anchor, candidate = contrast.anchor_index, contrast.candidate_index.clamp(min=0)
        with torch.autocast(anchor.device.type, enabled=False):
            first, *others = (guide[anchor].float() @ guide[candidate].float().T for guide in self._guides())
            best = first
            for similarity in others:
                best = torch.maximum(best, similarity)
        return best.masked_fill(~contrast.is_candidate | (contrast.candidate_index < 0), -torch.inf)

    def _guides(self) -> list[Tensor]:
        return [getattr(self, f'guide_{number}') for number in range(len(self.files))]


def save_guide(file: str | Path, features: np.ndarray | Tensor, fingerprint: str) -> None:
    """Write features (N, D), row i of the image with stable index i, and the fingerprint of their data set beside them.

    Args:
        file: ending in ``.npy``.
        features: floats; kept as float16.
        fingerprint: as of ``IndexedDataset.fingerprint()``.
    """
    rows = features.detach().cpu().numpy() if isinstance(features, Tensor) else np.asarray(features)
    write_by(file, lambda opened: np.save(opened, rows.astype(np.float16)))
    write_whole(_sidecar(file), json.dumps(dict(fingerprint=fingerprint, num_samples=len(rows))) + '\n')


def _located(file: str) -> str:
    """The file, or that of the package if there is none of this name."""
    path = Path(file)
    is_shipped = path.parts[:1] == (_PACKAGE.name,) and not path.exists()
    return str(_PACKAGE.parent / path) if is_shipped else file


def _sidecar(file: str | Path) -> Path:
    return Path(file).with_name(f'{Path(file).name}.json')


def _fingerprint_beside(file: str) -> str | None:
    path = _sidecar(file)
    if not path.is_file():
        return None
    try:
        return str(read_json(path)['fingerprint'])
    except ShortageError:
        raise
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'{path} holds no fingerprint; extract the features anew, or remove it') from None


def _open(file: str) -> np.ndarray:
    if not Path(file).is_file():
        raise FileNotFoundError(f'features={file} of GuideDetector does not exist; extract the features of the training set '
                                'first')
    try:
        array = read_array(file, mmap_mode='r')
    except RecordError as error:
        raise ValueError(f'features={file} of GuideDetector is no .npy of numbers ({error}); write it by '
                         'save_guide') from None
    if array.ndim != 2 or array.dtype.kind != 'f' or 0 in array.shape:
        raise ValueError(f'features={file} of GuideDetector holds {array.dtype} {array.shape}; it must hold floats (N, D)')
    return array


def _check_memory(arrays: list[np.ndarray], files: list[str], max_bytes: int) -> None:
    needed = sum(2 * array.size for array in arrays)
    if needed > max_bytes:
        raise ValueError(f'features={", ".join(files)} of GuideDetector take {needed / 2**30:.2f} GiB on each device, more '
                         f'than max_bytes={max_bytes / 2**30:.2f} GiB; reduce their dimensions (PCA), or raise max_bytes')


def _unit_rows(array: np.ndarray, file: str) -> Tensor:
    """float16 (N, D), unit vectors."""
    rows = torch.empty(array.shape, dtype=torch.float16)
    for start in range(0, len(array), _CHUNK):
        chunk = torch.from_numpy(np.array(array[start:start + _CHUNK], dtype=np.float32))
        bad = ~chunk.isfinite().all(dim=1) | (chunk.norm(dim=1) == 0)
        if bad.any():
            first = start + int(bad.nonzero()[0])
            raise ValueError(f'features={file} of GuideDetector has rows that are NaN, infinite or zero, such as row {first}; '
                             'extract the features anew')
        rows[start:start + _CHUNK] = F.normalize(chunk, dim=1).half()
    return rows
