"""What the tools do, as functions."""

from .audit import Audit, audit
from .backbones import load_backbone
from .check_benchmark import check_classes, check_pretrained, check_test_classes
from .check_config import check_config
from .check_data import check_data
from .config import load_config
from .environment import build_runner
from .errors import UserError, one_line_errors
from .evaluation import evaluate
from .features import Features, build_framework, extract_features
from .pretraining import Pretrained, pretrain
from .run_config import config_beside, shipped_config

__all__ = [
    'Audit', 'Features', 'Pretrained', 'UserError', 'audit', 'build_framework', 'build_runner', 'check_classes',
    'check_config', 'check_data', 'check_pretrained', 'check_test_classes', 'config_beside', 'evaluate', 'extract_features',
    'load_backbone', 'load_config', 'one_line_errors', 'pretrain', 'shipped_config',
]
