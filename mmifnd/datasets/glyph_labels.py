"""The labels of characters as a tree that Unicode gives: script, letter, letter and case, code point."""

import unicodedata
from collections.abc import Sequence

#: Coarse to fine; each is a refinement of the one before.
DEPTHS = ('script', 'letter', 'letter_case', 'code_point')


def label_at(character: str, depth: str) -> str:
    """The name of the class of a character at a depth of the tree.

    Marks are no part of a letter: the letter of 'é' is that of 'e'. A digit's script is 'digit'.

    Args:
        character (str): a single one.
        depth (str): of :data:`DEPTHS`.

    Raises:
        ValueError: if the depth is unknown.

    Example:
        >>> [label_at('É', depth) for depth in DEPTHS]
        ['latin', 'latin e', 'latin E', 'É']
    """
    if depth not in DEPTHS:
        raise ValueError(f'depth={depth!r} is not one of {", ".join(DEPTHS)}')
    base = unicodedata.normalize('NFD', character)[0]
    script = unicodedata.name(base).split()[0].lower()
    if depth == 'script':
        return script
    if depth == 'code_point':
        return character
    return f'{script} {base if depth == "letter_case" else base.lower()}'


def numbered_labels(characters: Sequence[str], depth: str) -> tuple[list[int], list[str]]:
    """Class numbers of characters at a depth, and the names of the classes, both in the order of first appearance.

    Example:
        >>> numbered_labels('Eée', 'letter')
        ([0, 0, 0], ['latin e'])
    """
    names = [label_at(character, depth) for character in characters]
    classes = list(dict.fromkeys(names))
    number = {name: position for position, name in enumerate(classes)}
    return [number[name] for name in names], classes
