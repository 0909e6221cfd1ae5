"""What makes two captions the same, and what makes one no caption."""

import hashlib
import re
import unicodedata

#: Bytes of a caption, in UTF-8; a longer one is a file that ended up in the wrong column.
MAX_BYTES = 64 * 1024
_SURROGATE = re.compile('[\ud800-\udfff]')
_PUNCTUATION = '.,;:!?…。．，！？ '


def normalized_caption(caption: str) -> str:
    """A caption without case, surplus white space, punctuation at its end, and compatibility forms (NFKC).

    Example:
        >>> normalized_caption('  A  Red fox. ') == normalized_caption('a red FOX')
        True
    """
    return ' '.join(unicodedata.normalize('NFKC', caption).casefold().split()).rstrip(_PUNCTUATION)


def caption_hash(caption: str) -> int:
    """64 bits (BLAKE2b) of the normalised caption, as a signed integer; the same for captions that mean the same text."""
    digest = hashlib.blake2b(normalized_caption(caption).encode('utf-8', 'surrogatepass'), digest_size=8).digest()
    return int.from_bytes(digest, 'big', signed=True)


def checked_caption(caption: object, where: str) -> str:
    """The caption without white space around it; empty if there is nothing else.

    Args:
        caption: what was read.
        where (str): file and line, for messages.

    Raises:
        ValueError: if it is no text, too long, or not Unicode.
    """
    if not isinstance(caption, str):
        raise ValueError(f'{where}: the caption is {caption!r}, no text; write the caption as a string')
    if len(caption) > MAX_BYTES // 4 and len(caption.encode('utf-8', 'surrogatepass')) > MAX_BYTES:
        raise ValueError(f'{where}: the caption has more than {MAX_BYTES // 1024} kB; is it the right column?')
    if _SURROGATE.search(caption):
        raise ValueError(f'{where}: the caption {caption[:40]!r} holds half of a surrogate pair, which is no character; '
                         'repair the file')
    return caption.strip()
