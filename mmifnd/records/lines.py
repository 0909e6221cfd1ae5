"""Files of JSON lines, one entry per epoch, which are replaced as a whole.

Each line that we write ends with a checksum of its other entries. Lines without one are read as they are.
"""

import json
import logging
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mmifnd.errors import UserError
from mmifnd.files import read_regular, write_whole
from mmifnd.foreign import parse_json

from .arrays import RecordError
from .kinds import Rule, wrong_entry, wrong_record
from .run_lock import check_held

#: Key of a line's checksum, the last one.
CHECK = 'crc32'

Report = Callable[[str], None]

_SUM = re.compile('[0-9a-f]{8}')
_LOGGER = logging.getLogger('mmifnd')


def add_record(path: Path, *records: dict[str, Any], report: Report = _LOGGER.warning) -> None:
    """Add ``records`` of one epoch, one line per head, at the end of ``path``.

    Entries of this epoch and of later ones, which a resumed run repeats, are removed.

    The file is written anew beside the old one, which it then replaces: a kill leaves the one or the other.

    Args:
        path: of the file.
        *records: with an ``epoch``.
        report: called with a line if the file holds lines that are no entries; they are left out, and the file as it was is
            kept beside it.

    Raises:
        FullDiskError: if there is no room.
        UserError: if another run has taken over the folder.
    """
    check_held(path)
    damaged: list[str] = []
    kept = [entry for entry in read_records(path, report=damaged.append) if entry['epoch'] < records[0]['epoch']]
    if damaged:
        aside = path.with_name(f'{path.name}.damaged')
        path.replace(aside)
        report(f'{damaged[0]}{f" (and {len(damaged) - 1} further lines)" if len(damaged) > 1 else ""}; the file as it was is '
               f'kept as {aside.name}')
    write_whole(path, ''.join(map(written_line, [*kept, *records])))


def written_line(entry: dict[str, Any]) -> str:
    """A line of JSON with its checksum."""
    text = json.dumps(entry)
    return json.dumps({**entry, CHECK: f'{zlib.crc32(text.encode()):08x}'}) + '\n'


def read_records(path: Path, required: tuple[str, ...] = (), report: Report | None = None) -> list[dict[str, Any]]:
    """Entries of ``path`` in ascending order of their epochs, one per epoch and ``direction``; [] if there is no such file.

    Args:
        path: of the file.
        required: keys that each entry must have.
        report: called with a line for each line that is no entry, which is left out then; if None, it is refused.

    Raises:
        RecordError: if a line is not a JSON object with an ``epoch`` and the ``required`` keys, has changed, or says what none
            can say (see :data:`~mmifnd.records.kinds.RECORD`).
    """
    entries = _entries(path, ('epoch', *required), report, wrong_record, may_be_cut=False)
    latest = {(entry['epoch'], str(entry.get('direction', ''))): entry for entry in entries}
    return [latest[key] for key in sorted(latest)]


def read_json_lines(path: Path, required: tuple[str, ...] = (), report: Report | None = None,
                    rules: Mapping[str, Rule] = {}) -> list[dict[str, Any]]:
    """Objects of a file of JSON lines, [] if it is missing. A last line that a kill cut off is left out.

    Args:
        path: of the file.
        required: keys that each object must have.
        report: see :func:`read_records`.
        rules: of the entries that are used, by key.

    Raises:
        RecordError: if another line is no JSON object or lacks one of the ``required`` keys or breaks one of the
            ``rules``, or the file is too large.
    """
    return _entries(path, required, report, lambda entry: wrong_entry(entry, rules), may_be_cut=True)


def _entries(path: Path, required: tuple[str, ...], report: Report | None, wrong: Callable[[dict], str | None],
             may_be_cut: bool) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = [(number, line) for number, line in enumerate(read_regular(path).split(b'\n'), 1) if line.strip()]
    entries = []
    for number, line in lines:
        try:
            entry = parse_json(line, path.name)
        except UserError:
            if number != lines[-1][0] or not may_be_cut:
                _refuse(path, number, 'not JSON', report)
            continue
        missing = [key for key in required if key not in entry] if isinstance(entry, dict) else ['the object']
        problem = (f'{", ".join(missing)} missing' if missing
                   else wrong(entry) if take_check(entry) else 'wrong checksum')
        if problem:
            _refuse(path, number, problem, report)
        else:
            entries.append(entry)
    return entries


def take_check(entry: dict[str, Any]) -> bool:
    """Remove the checksum, in place, and say whether it is right. It is known by its value too, if its key is damaged."""
    if not entry:
        return True
    key, check = list(entry.items())[-1]
    if key != CHECK and not (isinstance(check, str) and _SUM.fullmatch(check)):
        return CHECK not in entry
    del entry[key]
    return check is None or check == f'{zlib.crc32(json.dumps(entry).encode()):08x}'


def _refuse(path: Path, number: int, problem: str, report: Report | None) -> None:
    if report is None:
        raise RecordError(f'{path}, line {number}: {problem}; repair or delete that line')
    report(f'{path}, line {number}: {problem}; it is left out')


def latest_by(entries: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """One entry per value of ``key``, ascending; of several, the last one."""
    latest = {entry[key]: entry for entry in entries}
    return [latest[value] for value in sorted(latest)]
