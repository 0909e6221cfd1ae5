"""The functions that a user calls from Python. Each name is imported when it is first used."""

from typing import TYPE_CHECKING

from mmifnd._lazy import lazily
from mmifnd.configuration.shipped import shipped_config
from mmifnd.errors import UserError

if TYPE_CHECKING:
    from .auditing import Audit, audit
    from .backbones import load_backbone
    from .comparing import Comparison, compare
    from .evaluation import evaluate
    from .features import Features, build_framework, extract_features
    from .inspection import Inspection, inspect
    from .pretraining import Pretrained, pretrain

__all__ = [
    'Audit', 'Comparison', 'Features', 'Inspection', 'Pretrained', 'UserError', 'audit', 'build_framework', 'compare',
    'evaluate', 'extract_features', 'inspect', 'load_backbone', 'pretrain', 'shipped_config',
]

__getattr__, __dir__ = lazily(__name__, {
    'auditing': ('Audit', 'audit'),
    'backbones': ('load_backbone',),
    'comparing': ('Comparison', 'compare'),
    'evaluation': ('evaluate',),
    'features': ('Features', 'build_framework', 'extract_features'),
    'inspection': ('Inspection', 'inspect'),
    'pretraining': ('Pretrained', 'pretrain'),
})
