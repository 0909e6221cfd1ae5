"""Files of JSON lines, one entry per epoch, which are replaced as a whole."""

import json
from pathlib import Path
from typing import Any

from .arrays import RecordError

_MAX_BYTES = 1 << 30


def add_record(path: Path, *records: dict[str, Any]) -> None:
    """Add ``records`` of one epoch, one line per head, at the end of ``path``.

    Entries of this epoch and of later ones, which a resumed run repeats, are removed.

    The file is written anew beside the old one, which it then replaces: a kill leaves the one or the other.

    Raises:
        RecordError: if the file holds a line that is no entry.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [entry for entry in read_records(path) if entry['epoch'] < records[0]['epoch']]
    partial = path.with_suffix('.partial')
    partial.write_text(''.join(json.dumps(entry) + '\n' for entry in [*kept, *records]))
    partial.replace(path)


def read_records(path: Path, required: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Entries of ``path`` in ascending order of their epochs, one per epoch and ``direction``; [] if there is no such file.

    Raises:
        RecordError: if a line is not a JSON object with a whole ``epoch`` and the ``required`` keys.
    """
    entries = read_json_lines(path, ('epoch', *required))
    wrong = [number for number, entry in enumerate(entries, 1)
             if isinstance(entry['epoch'], bool) or not isinstance(entry['epoch'], int)]
    if wrong:
        raise RecordError(f'{path}, entry {wrong[0]}: the epoch is no whole number; repair or delete that line')
    latest = {(entry['epoch'], str(entry.get('direction', ''))): entry for entry in entries}
    return [latest[key] for key in sorted(latest)]


def read_json_lines(path: Path, required: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Objects of a file of JSON lines, [] if it is missing. A last line that a kill cut off is left out.

    Raises:
        RecordError: if another line is no JSON object or lacks one of the ``required`` keys, or the file is too large.
    """
    if not path.is_file():
        return []
    if path.stat().st_size > _MAX_BYTES:
        raise RecordError(f'{path} has {path.stat().st_size} bytes, more than the {_MAX_BYTES} that are read; delete it')
    lines = [(number, line) for number, line in enumerate(path.read_bytes().split(b'\n'), 1) if line.strip()]
    entries = []
    for number, line in lines:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == lines[-1][0]:
                break
            raise RecordError(f'{path}, line {number}: not JSON; repair or delete that line') from error
        missing = [key for key in required if key not in entry] if isinstance(entry, dict) else ['the object']
        if missing:
            raise RecordError(f'{path}, line {number}: {", ".join(missing)} missing; repair or delete that line')
        entries.append(entry)
    return entries


def latest_by(entries: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """One entry per value of ``key``, ascending; of several, the last one."""
    latest = {entry[key]: entry for entry in entries}
    return [latest[value] for value in sorted(latest)]
