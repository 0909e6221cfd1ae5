"""Names of the files that a run leaves in its work directory."""

import re
from pathlib import Path

#: The folder of the files below, but for the first two.
FOLDER = 'false_negatives'
#: The folder of what :func:`mmifnd.apis.evaluate` measured, beside the checkpoints.
EVALUATION = 'evaluation'
#: One line per start of a run, beside the folder: what it goes on from, by which command, and in which folder its log is.
STARTS = 'starts.jsonl'
#: One line per clustering.
HISTORY = 'history.jsonl'
#: One line per epoch: precision, recall and F1 of the masks of its training steps.
DETECTION = 'detection.jsonl'
#: One line per epoch: whether the representation still uses its space.
HEALTH = 'health.jsonl'
#: One line per epoch: the online probe.
ONLINE = 'online.jsonl'
#: Arrays of a clustering, ``epoch_NNNN.npz``.
SNAPSHOT = 'epoch'
#: Arrays of what the steps of an epoch removed, ``removed_NNNN.npz``; of each direction, ``removed_DIRECTION_NNNN.npz``.
STEPS = 'removed'
#: Files that a run writes into its work directory, besides its config; a regular expression.
RUN_FILES = (r'(?:epoch|iter)_[0-9]+\.pth|best_\w[\w.=@+-]*\.pth|last_checkpoint|starts\.jsonl|broken_images\.csv')
#: Files of :data:`FOLDER`, likewise.
RECORD_FILES = (r'(?:history|detection|health|online)\.jsonl(?:\.damaged)?|(?:epoch|removed(?:_image|_text)?)_[0-9]+\.npz')
#: Directions of image-text models, called after their anchors, and how a report calls them.
DIRECTIONS = dict(image='image anchors', text='text anchors')


def folder_of(work_dir: str | Path) -> Path:
    """The folder of a run's records."""
    return Path(work_dir) / FOLDER


def epoch_of(path: Path) -> int | None:
    """The epoch of a file ``KIND_NNNN.npz``; None if it has another name."""
    match = re.fullmatch(r'[a-z_]+_([0-9]{1,9})\.npz', path.name)
    return int(match[1]) if match else None


def array_paths(folder: Path, kind: str) -> dict[int, Path]:
    """Epoch -> file ``KIND_NNNN.npz`` in ``folder``, ascending; files of other names are none of ours."""
    name = re.compile(rf'{kind}_([0-9]{{1,9}})\.npz')
    matches = [(name.fullmatch(path.name), path) for path in folder.glob(f'{kind}_*.npz')]
    return dict(sorted((int(match[1]), path) for match, path in matches if match and path.is_file()))
