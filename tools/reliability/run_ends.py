"""What two runs ended with, byte by byte: their last checkpoints, and the images of every step."""

import re
from collections import Counter

import torch

from mmifnd.engine.checkpoints.checkpoint_format import load_plain

#: What differs between any two runs.
TIMES = re.compile(
    r'time|seconds|share_of_training|experiment_name|elapsed|spent|\.eta|last_ckpt|kept_checkpoints|dataset_meta')
#: Where in a checkpoint the parts lie that the table names.
PARTS = dict(
    queue=r'state_dict\.queue\.', labels=r'detector\.labels', thresholds=r'table\.threshold', moments=r'_moment|table\.visits',
    averages=r'table\.log_average', optimizer=r'^\.optimizer', schedulers=r'^\.param_schedulers',
    generators=r'rank_states\.\d+\.random', rank_state=r'^\.rank_states', histories=r'^\.message_hub', position=r'^\.meta',
    model=r'^\.state_dict')


def leaves(value, path=''):
    """(path, bytes) of all that is in a checkpoint, but times."""
    if TIMES.search(path):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f'{path}.{key}')
    elif isinstance(value, (list, tuple)) and path:
        for number, item in enumerate(value):
            yield from leaves(item, f'{path}.{number}')
    elif isinstance(value, torch.Tensor):
        yield path, value.contiguous().flatten().view(torch.uint8).numpy().tobytes() if value.numel() else b''
    else:
        yield path, repr(value).encode()


def compare(whole, parts, epochs):
    """Bytes that were compared, and bytes that differ, of two runs of ``epochs`` epochs, by part."""
    first, second = (dict(leaves(load_plain(str(folder / f'epoch_{epochs}.pth')))) for folder in (whole, parts))
    for folder, found in ((whole, first), (parts, second)):
        for path in folder.glob('batches_*.txt'):  # of a step that was made twice, the last one
            found[f'.batches.{path.stem}'] = repr(sorted(dict(line.split() for line in path.open()).items())).encode()
    compared, differing = Counter(), Counter()
    for path in first.keys() | second.keys():
        one, other = first.get(path, b''), second.get(path, b'')
        wrong = sum(a != b for a, b in zip(one, other)) + abs(len(one) - len(other))
        part = next((name for name, where in PARTS.items() if re.search(where, path)), 'sampler')
        compared[part] += len(one)
        differing[part] += wrong
    return compared, differing
