"""The files that a run leaves in its work directory.

For each file: its name and keys, the function that writes it, and the one that reads it. This room needs numpy and JSON only.
"""

from .arrays import RecordError
from .run_record import NoRecordError, RunRecord
from .snapshot import Snapshot, read_snapshot, write_snapshot
from .steps import read_steps, write_steps

__all__ = [
    'NoRecordError', 'RecordError', 'RunRecord', 'Snapshot', 'read_snapshot', 'read_steps', 'write_snapshot', 'write_steps',
]
