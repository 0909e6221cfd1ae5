"""Image-text pairs as a caller in Python gives them: a table, a file of captions, or shards."""

import os
from pathlib import Path
from typing import Any

from mmifnd.errors import UserError

from ..text_files import shown
from .coco import read_json

TABLES = ('.csv', '.tsv', '.tab', '.jsonl', '.ndjson')
#: How to give pairs, for messages.
HOW = ('give a table with the columns image and caption (.csv, .tsv, .jsonl), captions of COCO or Karpathy (.json), or tar '
       'shards (a folder, or {00000..00331}.tar)')


def is_pair_data(data: Any) -> bool:
    """Whether ``data`` names pairs by its form: a table, a JSON file, a tar file, or a folder that directly holds tar files."""
    if not isinstance(data, (str, os.PathLike)):
        return False
    path = Path(data).expanduser()
    if path.suffix.lower() in (*TABLES, '.json', '.tar'):
        return not path.is_dir()
    return path.is_dir() and any(path.glob('*.tar'))


def pair_config(data: str | Path) -> dict[str, Any]:
    """The config of the data set of pairs in ``data``; images are looked for from the folder of the file on.

    Raises:
        UserError: if there is no such file, or it holds no pairs.
    """
    path = Path(data).expanduser().absolute()
    if '{{' in str(path):
        raise UserError(f'data={shown(str(data))} has {{{{ in its path, which configs take for a variable; rename it')
    if path.suffix == '.tar' or path.is_dir():
        return dict(type='PairShards', shards='*.tar' if path.is_dir() else path.name,
                    data_root=str(path if path.is_dir() else path.parent))
    if not path.is_file():
        raise UserError(f'data={shown(str(data))} does not exist; {HOW}')
    config = dict(ann_file=path.name, data_root=str(path.parent))
    if path.suffix.lower() != '.json':
        return dict(type='ImageTextTable', **config)
    try:
        content = read_json(str(path), f'data={shown(str(data))}')
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from None
    is_split = isinstance(content, dict) and 'annotations' not in content
    return dict(type='KarpathyJson' if is_split else 'CocoCaptions', **config)
