"""Whether a run that was finished before is the one that is asked for now."""

import hashlib
import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.config import Config

import mmifnd
from mmifnd.configuration.versions import versions
from mmifnd.files import write_whole
from mmifnd.foreign import read_json
from mmifnd.records.lines import take_check, written_line
from mmifnd.shortage import ShortageError


def fingerprint(config: Config, seed: int) -> str:
    """SHA-256 of what a run's measures follow from: config, seed, sources and versions of packages.

    Sources are those of mmifnd, without what only draws, and of the modules that ``custom_imports`` names. Images are not
    looked at: whoever changes the files behind a ``data_root`` takes another folder for the study.
    """
    named = (config.get('custom_imports') or {}).get('imports') or []
    parts = dict(config=config.to_dict(), seed=seed, sources=[_SOURCES, *map(_sources_of, _as_list(named))],
                 versions=versions())
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


def read_finished(path: Path, identity: str) -> dict[str, Any] | None:
    """The record at ``path`` if its fingerprint is ``identity``; None if it is missing, damaged or another run's.

    A record that has changed since :func:`write_finished` is damaged.
    """
    try:
        record = read_json(path)
    except ShortageError:
        raise
    except (OSError, ValueError):
        return None
    is_sound = isinstance(record, dict) and take_check(record)
    return record if is_sound and record.get('fingerprint') == identity else None


def write_finished(record: dict[str, Any], path: Path) -> None:
    """Write what :func:`read_finished` reads, with a checksum; whole, or not at all."""
    write_whole(path, written_line(record))


def _as_list(names: str | Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _sources_of(name: str) -> str:
    """The source files of a module, or of all modules of a package."""
    spec = find_spec(name)
    folders = spec.submodule_search_locations if spec else None
    if folders:
        return _digest(path for folder in folders for path in Path(folder).rglob('*.py'))
    return _digest([Path(spec.origin)] if spec and spec.has_location else [])


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode() + b'\0' + path.read_bytes() + b'\0')
    return digest.hexdigest()


_TOP = Path(mmifnd.__file__).parent
#: Taken when the package is imported: what changes on disk afterwards is not what runs.
_SOURCES = _digest(path for path in _TOP.rglob('*.py') if path.relative_to(_TOP).parts[0] != 'visualization')
