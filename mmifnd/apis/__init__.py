"""What a user calls from Python."""

from mmifnd.configuration.errors import UserError
from mmifnd.configuration.run_config import shipped_config

from .audit import Audit, audit
from .backbones import load_backbone
from .evaluation import evaluate
from .features import Features, build_framework, extract_features
from .pretraining import Pretrained, pretrain

__all__ = [
    'Audit', 'Features', 'Pretrained', 'UserError', 'audit', 'build_framework', 'evaluate', 'extract_features',
    'load_backbone', 'pretrain', 'shipped_config',
]
