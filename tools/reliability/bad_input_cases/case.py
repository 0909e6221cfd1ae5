"""A case: what is wrong, how it is made, and what the user is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def nothing(folder: Path) -> None:
    """No file is needed."""


@dataclass(frozen=True)
class Case:
    """One call of a tool.

    Attributes:
        name (str): what is wrong, for people; unique.
        tool (str): path below ``tools/``, without ``.py``; or a subcommand of ``mmifnd`` that has no file there.
        arguments (Sequence[str]): its command line; ``{here}`` stands for a folder of the case's own.
        words (str): what the line must contain; None if the input is sound and must not be refused.
        files (Callable): writes the wrong file into that folder.
    """

    name: str
    tool: str
    arguments: Sequence[str]
    words: str | None
    files: Callable[[Path], None] = nothing


def train(name: str, config: str, words: str | None, *arguments: str, files: Callable[[Path], None] = nothing) -> Case:
    """A training of ``config``."""
    return Case(name, 'train', (config, '--work-dir', '{here}/run', *arguments), words, files)


def written(base: str | None, text: str) -> Callable[[Path], None]:
    """Writes ``config.py``, which inherits ``base`` of ``configs/`` where one is named."""
    def write(folder: Path) -> None:
        inherited = f'_base_ = {str(ROOT / "configs" / base)!r}\n' if base else ''
        (folder / 'config.py').write_text(inherited + text.replace('{here}', str(folder)) + '\n')
    return write
