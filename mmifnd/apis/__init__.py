"""What the tools do, as functions."""

from .check_config import check_config
from .check_data import check_data
from .config import load_config
from .environment import build_runner
from .errors import UserError, one_line_errors

__all__ = ['UserError', 'build_runner', 'check_config', 'check_data', 'load_config', 'one_line_errors']
