"""Several methods, several seeds, one table: runs in worker processes, their results side by side."""

from .plan import Method, Run, Study, load_study
from .run_pool import run_all
from .summary import summary_of, write_results
from .table import as_markdown, print_table

__all__ = ['Method', 'Run', 'Study', 'as_markdown', 'load_study', 'print_table', 'run_all', 'summary_of', 'write_results']
