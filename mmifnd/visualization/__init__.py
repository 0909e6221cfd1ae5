"""Figures and reports of what a run detected as false negatives."""

from .check import check_report
from .report import write_run_report, write_study_report
from .run_record import RunRecord
from .snapshot import RecordError, Snapshot

__all__ = ['RecordError', 'RunRecord', 'Snapshot', 'check_report', 'write_run_report', 'write_study_report']
