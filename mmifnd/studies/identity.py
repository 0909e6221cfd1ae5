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
from mmifnd.records.kinds import is_text
from mmifnd.records.lines import CHECK, take_check, written_line
from mmifnd.records.scores import is_measure
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


def read_finished(path: Path, identity: str, method: str, seed: int) -> dict[str, Any] | None:
    """The record at ``path`` if it is that of this run; None if it is missing, damaged or another run's.

    A record is damaged if it has changed since :func:`write_finished`, also if its checksum was removed.

    Args:
        path: of the file.
        identity: the :func:`fingerprint` of the run.
        method: the run's method.
        seed: the run's seed.
    """
    try:
        record = read_json(path)
    except ShortageError:
        raise
    except (OSError, ValueError):
        return None
    is_sound = isinstance(record, dict) and isinstance(record.get(CHECK), str) and take_check(record)
    return record if is_sound and _is_of(record, identity, method, seed) else None


def write_finished(record: dict[str, Any], path: Path) -> None:
    """Write what :func:`read_finished` reads, with a checksum; whole, or not at all."""
    write_whole(path, written_line(record))


def _is_of(record: dict[str, Any], identity: str, method: str, seed: int) -> bool:
    """Whether a record says of this run what :func:`~mmifnd.studies.one_run.train_and_test` returns."""
    measures, seconds = record.get('measures'), record.get('seconds')
    return (record.get('fingerprint') == identity and record.get('method') == method and type(record.get('seed')) is int
            and record['seed'] == seed and is_text(record.get('work_dir')) and seconds is not None and is_measure(seconds)
            and isinstance(measures, dict) and all(map(is_measure, measures.values())))


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
