"""What the tools do, as functions."""

from .check_config import check_config
from .config import load_config
from .environment import build_runner
from .errors import UserError, one_line_errors

__all__ = ['UserError', 'build_runner', 'check_config', 'load_config', 'one_line_errors']
