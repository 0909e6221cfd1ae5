"""Which fonts are one design, and in which part of the glyphs a design goes."""

import re

import numpy as np

PARTS = ('train', 'val', 'test')
_SHARES = (0.55, 0.15, 0.30)  # of the families

#: Words of a family's name that say a width, a weight or an edition.
_EDITIONS = re.compile(r'\b(condensed|semi-?condensed|demi|narrow|display|light|medium|thin|caption|book|minus|classic|one|two|'
                       r'beta|variable width|extra|upright|italic|bold|ps|tt|o)\b', re.IGNORECASE)
_NO_TEXT = re.compile(r'small ?caps|math|symbol|outline|initials|3270', re.IGNORECASE)

#: Families by the beginning of their names that are drawn after the same design, and go into the same part.
_RELATED = dict(
    times=('Nimbus Roman', 'IndUni-T', 'FreeSerif', 'Roman Uralic', 'TeX Gyre Termes', 'Liberation Serif', 'STIX'),
    helvetica=('Nimbus Sans', 'IndUni-H', 'FreeSans', 'Sans Uralic', 'TeX Gyre Heros', 'Liberation Sans'),
    courier=('Nimbus Mono', 'IndUni-C', 'FreeMono', 'Mono Uralic', 'TeX Gyre Cursor', 'Liberation Mono'),
    schoolbook=('C059', 'IndUni-N', 'Schoolbook', 'TeX Gyre Schola'),
    palatino=('P052', 'IndUni-P', 'Palladio', 'TeX Gyre Pagella'),
    bookman=('URW Bookman', 'Bookman', 'TeX Gyre Bonum'),
    avant_garde=('URW Gothic', 'Gothic Uralic', 'TeX Gyre Adventor'),
    computer_modern=('CMU Serif', 'CMU Classical'),
    computer_modern_sans=('CMU Sans', 'CMU Bright'),
    computer_modern_mono=('CMU Typewriter',),
    open_sans=('Open Sans', 'Noto Sans', 'Noto Mono'),
    dejavu_mono=('DejaVu Sans Mono', 'Hack'),
    lato=('Lato', 'Carlito'),
    georg_williams=('Caslon', 'Caliban', 'Cupola', 'GWMonospace'),
    eurofurence=('eurofurence', 'monofur', 'unifur'),
    clear_sans=('Clear Sans',),
    gentium=('Gentium',))


def design_of(family: str, style: str = '') -> str | None:
    """The design that a family belongs to; None for small capitals, mathematics and other fonts that are not for text.

    Example:
        >>> design_of('Nimbus Sans Narrow'), design_of('Linux Libertine Display O'), design_of('Go Smallcaps')
        ('helvetica', 'linux libertine', None)
    """
    if _NO_TEXT.search(f'{family} {style}'):
        return None
    for design, beginnings in _RELATED.items():
        if family.startswith(beginnings):
            return design
    return ' '.join(_EDITIONS.sub(' ', family).split()).lower()


def split_families(family: np.ndarray) -> np.ndarray:
    """The part of each family, int8 (F,): a permutation with a fixed seed, cut by number of families.

    Args:
        family (np.ndarray): the number of the family of each font; only how many there are counts.
    """
    total = int(family.max()) + 1
    order = np.random.RandomState(0).permutation(total)
    val, test = (int(round(share * total)) for share in _SHARES[1:])
    parts = np.zeros(total, np.int8)
    parts[order[:val]], parts[order[val:val + test]] = PARTS.index('val'), PARTS.index('test')
    return parts
