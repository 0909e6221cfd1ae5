"""Figures and reports of what a run detected as false negatives."""

from mmifnd.records.arrays import RecordError
from mmifnd.records.run_record import RunRecord
from mmifnd.records.snapshot import Snapshot

from .check import check_report
from .report import write_run_report, write_study_report

__all__ = ['RecordError', 'RunRecord', 'Snapshot', 'check_report', 'write_run_report', 'write_study_report']
