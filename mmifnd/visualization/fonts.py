"""The fonts of figures, and the characters that none of them has."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

#: matplotlib's own font.
FIRST = 'DejaVu Sans'
#: Fonts with scripts that it lacks, above all Chinese, Japanese and Korean; those that are installed are used.
FALLBACKS = (
    'Noto Sans CJK JP', 'Noto Sans CJK SC', 'Noto Sans CJK KR', 'Noto Sans JP', 'Noto Sans SC', 'Noto Sans KR',
    'Source Han Sans', 'WenQuanYi Zen Hei', 'WenQuanYi Micro Hei', 'Droid Sans Fallback',
    'IPAexGothic', 'IPAGothic', 'TakaoPGothic', 'VL Gothic',
    'NanumGothic', 'Hiragino Sans', 'PingFang SC', 'Apple SD Gothic Neo', 'Arial Unicode MS', 'Yu Gothic', 'Microsoft YaHei',
    'Malgun Gothic', 'SimHei', 'Noto Sans Devanagari', 'Noto Sans Bengali', 'Noto Sans Tamil', 'Noto Sans Thai', 'Noto Emoji',
    'Symbola')
#: Characters that a sentence names.
MAX_NAMED = 12


@cache
def families() -> tuple[str, ...]:
    """Names of the fonts that figures are drawn with, in the order in which they are asked for a character."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return (FIRST, *(name for name in FALLBACKS if name in installed))


def unwritten(text: str) -> str:
    """The characters of a text that no font of figures has, each once, in their order of code."""
    return ''.join(sorted(char for char in set(text) - _written() if char.isprintable()))


def named(characters: str) -> str:
    """A few of the characters, and how many more there are."""
    rest = len(characters) - MAX_NAMED
    return ' '.join(characters[:MAX_NAMED]) + (f' and {rest} more' if rest > 0 else '')


@contextmanager
def boxes_are_known() -> Iterator[None]:
    """Without matplotlib's line for each missing character: whoever draws says once what is missing."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message=r'Glyph \d+ .* missing from font')
        yield


@cache
def _written() -> frozenset[str]:
    paths = [font_manager.findfont(font_manager.FontProperties(family=name)) for name in families()]
    return frozenset(chr(code) for path in dict.fromkeys(paths) for code in FT2Font(path).get_charmap())
