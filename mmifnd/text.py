"""Names that somebody else has given, of files, classes or methods: data in whatever they are written into."""

_MARKDOWN = str.maketrans({char: f'\\{char}' for char in '\\|`[<'})


def shown(name: str, limit: int = 200) -> str:
    r"""A name as it can be printed in one line: control characters and bytes that are no text become '?'.

    Of a name longer than ``limit`` both ends are kept: a path ends with what it is about.

    Example:
        >>> shown('a\x1b[2Jb\nc')
        'a?[2Jb?c'
    """
    plain = ''.join(char if char.isprintable() else '?' for char in name)
    half = (limit - 3) // 2
    return plain if len(plain) <= limit else f'{plain[:limit - 3 - half]}...{plain[-half:]}'


def printable(text: str) -> str:
    r"""Text of several lines without control characters, which a terminal would obey, and bytes that are no text.

    Example:
        >>> printable('one\n\ttwo\x1b]0;title\x07')
        'one\n\ttwo?]0;title?'
    """
    return ''.join(char if char.isprintable() or char in '\n\t' else '?' for char in text)


def in_markdown(name: str) -> str:
    r"""A name as Markdown shows it, in one line, whatever signs it has.

    Example:
        >>> in_markdown('a|b <i>')
        'a\\|b \\<i>'
    """
    return shown(name, len(name)).translate(_MARKDOWN)
