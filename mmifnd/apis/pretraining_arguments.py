"""The arguments of :func:`mmifnd.apis.pretrain`: each is refused in one line if it is none."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from mmifnd.checks import check_choice
from mmifnd.configuration.errors import UserError
from mmifnd.datasets.group_files import DUPLICATES
from mmifnd.errors import near_matches
from mmifnd.places import check_folder

from .pair_methods import PAIR_METHODS
from .pretraining_parts import FRAMEWORKS, METHODS

Groups = str | os.PathLike | dict[str, Any]
_OPTIONS_OF_GROUPS = ('groups', 'path_column', 'group_column', 'min_matched')
#: Whole numbers: the least value, and an example.
_WHOLE = dict(epochs=(1, 200), batch_size=(2, 256), image_size=(8, 224), seed=(0, 0), num_workers=(0, 4))
#: What is often asked for by another name: the way to say it.
_ELSEWHERE = dict(
    lr="options={'optim_wrapper.optimizer.lr': 0.03}", learning_rate="options={'optim_wrapper.optimizer.lr': 0.03}",
    weight_decay="options={'optim_wrapper.optimizer.weight_decay': 1e-4}",
    alpha="options={'model.head.detector.alpha': 0.01}, with method='glofnd'",
    temperature="options={'model.head.temperature': 0.2}", queue_len="options={'model.queue_len': 4096}",
    clusters="options={'default_hooks.false_negative.num_clusters': (10, 30)}", model="backbone='resnet18'",
    arch="backbone='resnet18'", workers='num_workers=4', max_epochs='epochs=200', img_size='image_size=224',
    work_dir="the second argument, out='FOLDER'", detector="options={'model.head.detector': dict(_delete_=True, type=...)}")


#: Files that also a run leaves which did not begin.
BEFORE_A_RUN = ('config.py', 'evaluation', 'starts.jsonl')


def check_known(unknown: dict[str, Any], known: Sequence[str]) -> None:
    """Refuse arguments that do not exist, and say how to set what they mean.

    Raises:
        UserError: naming the first of them.
    """
    for name in unknown:
        remedy = f'; write {_ELSEWHERE[name]}' if name in _ELSEWHERE else near_matches(name, known)
        raise UserError(f'pretrain() has no argument {name}{remedy}')


def check_arguments(method: Any, framework: Any, backbone: Any, epochs: Any, batch_size: Any, image_size: Any, seed: Any,
                    num_workers: Any, holdout: Any) -> None:
    """Refuse arguments of a wrong type or out of range.

    Raises:
        UserError: naming the first of them, what it is, and what to give.
    """
    check_choice('framework', framework, FRAMEWORKS)
    check_choice('method', method, methods := PAIR_METHODS if framework == 'clip' else METHODS)
    if framework not in methods[method].frameworks:
        reason = ' thresholds the negatives of an image, and' if method == 'glofnd' and framework == 'swav' else ''
        raise UserError(f"method={method!r}{reason} does not go with framework={framework!r}; choose framework="
                        f'{" or ".join(map(repr, methods[method].frameworks))}')
    if not isinstance(backbone, (str, dict, nn.Module)):
        raise UserError(f'backbone={backbone!r} is {_kind(backbone)}; give a name, the config of a backbone, or a module')
    numbers = dict(epochs=epochs, batch_size=batch_size, image_size=image_size, seed=seed, num_workers=num_workers)
    for name, value in numbers.items():
        least, example = _WHOLE[name]
        if value is None and name in ('batch_size', 'num_workers'):
            continue
        if isinstance(value, bool) or not hasattr(value, '__index__'):
            raise UserError(f'{name}={value!r} is {_kind(value)}; give a whole number, such as {example}')
        if value < least:
            raise UserError(f'{name}={value} is below {least}; give at least {least}')
    if isinstance(holdout, bool) or not isinstance(holdout, (int, float)) or not 0 <= holdout < 1:
        raise UserError(f'holdout={holdout!r} must be a share of the images in [0, 1), such as 0.2; 0 holds out none')


def groups_config(groups: Groups | None) -> dict[str, Any]:
    """Options of :class:`mmifnd.datasets.GroupedFolder`; empty without groups.

    Raises:
        UserError: if ``groups`` is neither a file, nor ``'duplicates'``, nor a dict of such options.
    """
    if groups is None:
        return {}
    options = dict(groups) if isinstance(groups, dict) else dict(groups=groups)
    unknown = [name for name in options if name not in _OPTIONS_OF_GROUPS]
    if unknown or not isinstance(options.get('groups'), (str, os.PathLike)):
        raise UserError(f"groups={groups!r} names no file; give a .csv or .txt file, 'duplicates', or a dict of "
                        f'{", ".join(_OPTIONS_OF_GROUPS)}')
    if options['groups'] != DUPLICATES:
        options['groups'] = str(Path(options['groups']).expanduser().absolute())
    return options


def check_places(data: Any, out: Any, options: Any) -> None:
    """Refuse what is no path, and options that are no dict.

    Raises:
        UserError: naming the argument.
    """
    if not isinstance(data, (str, os.PathLike)) and not (
            isinstance(data, (list, tuple)) and data and all(isinstance(path, (str, os.PathLike)) for path in data)):
        raise UserError(f'data is {_kind(data)}; give a folder of images, or a list of folders or files')
    if not isinstance(out, (str, os.PathLike)):
        raise UserError(f'out={out!r} is {_kind(out)}; give a folder')
    check_writable(out)
    if options is not None and not (isinstance(options, dict) and all(isinstance(key, str) for key in options)):
        raise UserError(f'options={options!r} is {_kind(options)}; give a dict of dotted keys, such as '
                        "{'model.head.temperature': 0.1}")


def check_writable(out: str | os.PathLike) -> None:
    """Refuse a folder into which nothing can be written, before any work is done.

    Raises:
        UserError: naming the folder that is there.
    """
    check_folder(Path(out).expanduser(), f'out={out}')


def place_of_run(out: str | Path, resume: bool, overwrite: bool) -> Path:
    """The folder of a run, which need not exist yet.

    Raises:
        UserError: if ``out`` is a file, or the run there is both to go on and to be removed.
    """
    if resume and overwrite:
        raise UserError('resume=True goes on with the run in out, and overwrite=True removes it; give one of them')
    folder = Path(out).expanduser()
    if folder.exists() and not folder.is_dir():
        raise UserError(f'out={out} is a file; give a folder')
    return folder


def prepare_folder(out: str | Path, resume: bool, overwrite: bool) -> Path:
    """The folder of a run, free of another one.

    Args:
        out: the folder.
        resume: go on with the run that is there.
        overwrite: remove the files of the run that is there.

    Raises:
        UserError: if the folder holds a run and neither is set, or both are.
    """
    folder = place_of_run(out, resume, overwrite)
    used = files_of_run(folder)
    has_begun = [path for path in used if path.name not in BEFORE_A_RUN]
    if has_begun and not resume:
        if not overwrite:
            raise UserError(f'out={out} holds a run ({has_begun[0].name}); go on with it: resume=True, begin anew in its '
                            'place: overwrite=True, or give another folder')
        for path in used:
            remove(path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def files_of_run(folder: Path) -> list[Path]:
    """Files and folders that runs leave in their folder; nothing else is ever removed."""
    names = ('last_checkpoint', 'config.py', 'false_negatives', 'broken_images.csv', 'starts.jsonl', 'evaluation')
    named = [folder / name for name in names if (folder / name).exists()]
    logs = [path for path in folder.glob('[0-9]*_[0-9]*') if (path / 'vis_data').is_dir()]
    checkpoints = [path for kind in ('epoch', 'iter') for path in folder.glob(f'{kind}_[0-9]*.pth')]
    return [*sorted(checkpoints), *named, *sorted(logs)]


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f'{"an" if name[0] in "aeiou" else "a"} {name}'
