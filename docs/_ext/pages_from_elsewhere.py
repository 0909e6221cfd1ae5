"""Pages of the site whose text is elsewhere in the repository: the READMEs of configs/, CONTRIBUTING.md and CHANGELOG.md."""

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
#: A link to a file beside the page, such as a config.
FILE_LINK = re.compile(r'\[([^\]]+)\]\((?!\.\./|https?:|#)[^)]+\)')


def take_text(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the stub of a page by the text that it names, with links that work within the site."""
    if docname in ('contributing', 'changelog'):
        text = (ROOT / f'{docname.upper()}.md').read_text()
        source[0] = text.replace('](docs/', '](').replace('](CHANGELOG.md)', '](changelog.md)')
    elif docname.startswith('configs/'):
        text = (ROOT / docname / 'README.md').read_text()
        text = re.sub(r'\]\(\.\./(\w+)/README\.md\)', r'](configs/\1.md)', text).replace('](configs/', '](../configs/')
        source[0] = FILE_LINK.sub(r'`\1`', text).replace('](../../docs/', '](../')


def keep_spread_beside_mean(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put no line break between a mean and its spread."""
    source[0] = source[0].replace(' ± ', '\u00a0±\u00a0')


def setup(app: Sphinx) -> dict[str, bool]:
    """Hook into the reading of pages."""
    app.connect('source-read', take_text)
    app.connect('source-read', keep_spread_beside_mean)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
