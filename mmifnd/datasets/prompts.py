"""Texts about classes, for classification of images by texts: names of classes, put into templates."""

from collections.abc import Sequence
from pathlib import Path

from mmifnd.errors import MissingExtra, UserError

from .text_files import lines_of, read_text, shown

#: Sets of templates, and what open_clip calls them.
TEMPLATES = dict(openai='OPENAI_IMAGENET_TEMPLATES', simple='SIMPLE_IMAGENET_TEMPLATES')
#: Lists of class names, and what open_clip calls them.
CLASSES = dict(imagenet='IMAGENET_CLASSNAMES')


def prompts_of(classes: Sequence[str], templates: Sequence[str]) -> list[str]:
    """Every class in every template: the templates of the first class, then those of the second, K x P in all.

    Example:
        >>> prompts_of(['cat', 'dog'], ['a photo of a {}.', '{}'])
        ['a photo of a cat.', 'cat', 'a photo of a dog.', 'dog']
    """
    return [template.replace('{}', name) for name in classes for template in templates]


def read_templates(templates: str | Sequence[str]) -> list[str]:
    """Templates with ``{}`` in the place of the class.

    Args:
        templates: ``'openai'`` (80) or ``'simple'`` (7), which come with open_clip; the path of a text file with one template
            on each line; or a list.

    Raises:
        UserError: if there is none, or one has no ``{}``.
        MissingExtra: if open_clip is not installed and its templates are asked for.

    Example:
        >>> read_templates(['a photo of a {}.'])
        ['a photo of a {}.']
    """
    lines = _lines('templates', templates, TEMPLATES)
    for line in lines:
        if '{}' not in line:
            raise UserError(f'template {line!r} has no {{}} for the name of the class; write it as in "a photo of a {{}}."')
    return lines


def read_classes(classes: str | Sequence[str]) -> list[str]:
    """Names of classes, in the order of their labels.

    Args:
        classes: ``'imagenet'``, the 1,000 names that come with open_clip; the path of a text file with one name on each line;
            or a list.

    Raises:
        UserError: if there is none, or one comes twice.
        MissingExtra: if open_clip is not installed and its names are asked for.
    """
    names = _lines('classes', classes, CLASSES)
    is_given = not isinstance(classes, str) or classes not in CLASSES  # two of open_clip's names stand for two classes each
    twice = next((name for position, name in enumerate(names) if name in names[:position]), None)
    if is_given and twice is not None:
        raise UserError(f'classes names {twice!r} twice; no text can tell them apart: give each class a name of its own')
    return names


def _lines(what: str, source: str | Sequence[str], of_open_clip: dict[str, str]) -> list[str]:
    if not isinstance(source, str):
        lines = list(source)
        if not all(isinstance(line, str) and line.strip() for line in lines):
            raise UserError(f'{what} must be texts, none of them empty; got {source!r}')
    elif source in of_open_clip:
        lines = _of_open_clip(of_open_clip[source])
    else:
        path = Path(source).expanduser()
        if not path.is_file():
            raise UserError(f'{what}={shown(source)} is neither {" nor ".join(map(repr, of_open_clip))} nor a file; give the '
                            'path of a text file with one on each line, or a list')
        lines = [line.strip() for line in lines_of(read_text(str(path), f'{what}={shown(source)}')) if line.strip()]
    if not lines:
        raise UserError(f'{what}={source!r} holds nothing; give at least one')
    return lines


def _of_open_clip(name: str) -> list[str]:
    """Constants of open_clip, whose templates are functions."""
    try:
        from open_clip import zero_shot_metadata
    except ModuleNotFoundError as error:
        raise MissingExtra.of(error) or error from None
    return [value if isinstance(value, str) else value('{}') for value in getattr(zero_shot_metadata, name)]
