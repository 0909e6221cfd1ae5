"""Configs: reading, deriving and checking them, and the runner that they describe."""

from .check_benchmark import check_classes, check_pretrained, check_test_classes
from .check_config import check_config
from .check_data import check_data
from .config import load_config
from .environment import build_runner
from .errors import UserError, one_line_errors
from .run_config import config_beside, shipped_config

__all__ = [
    'UserError', 'build_runner', 'check_classes', 'check_config', 'check_data', 'check_pretrained', 'check_test_classes',
    'config_beside', 'load_config', 'one_line_errors', 'shipped_config',
]
