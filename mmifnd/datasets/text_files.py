"""Text files that a user has written: lists of images, classes and groups."""

import re
from pathlib import Path

from mmengine import fileio

from mmifnd.files import read_regular
from mmifnd.text import shown

__all__ = ['lines_of', 'read_text', 'shown']

_LINE_END = re.compile('\r\n|\n|\r')
_UTF16 = (b'\xff\xfe', b'\xfe\xff')


def read_text(path: str | Path, what: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Args:
        path: of a file that exists.
        what: how messages name it, such as ``'groups=groups.csv'``.

    Raises:
        ValueError: if it is in another encoding, with the line and what to do; if it is no regular file, or larger than 1 GiB.
    """
    content = fileio.get(str(path)) if '://' in str(path) else read_regular(path, what)
    if content.startswith(_UTF16):
        raise ValueError(f'{what} is UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)')
    if b'\0' in content:
        line = content[:content.index(b'\0')].count(b'\n') + 1
        raise ValueError(f'{what} is no text: there is a zero byte in line {line}; repair it')
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line = content[:error.start].count(b'\n') + 1
        raise ValueError(f'{what} is not UTF-8: byte 0x{content[error.start]:02x} in line {line}, perhaps Latin-1; save it as '
                         'UTF-8 (iconv -f LATIN1 -t UTF-8)') from None


def lines_of(text: str) -> list[str]:
    r"""Lines of a text, by the line ends of any system and no other signs: a name may hold a form feed or U+2028.

    Example:
        >>> lines_of('a\u2028b\r\nc\n')
        ['a\u2028b', 'c', '']
    """
    return _LINE_END.split(text)
