"""Whether the runs of a study can measure what they are to be chosen by, as far as their configs say."""

import inspect
import re
from collections.abc import Iterable
from typing import Any

from mmengine.config import Config

from mmifnd.configuration.config import load_config
from mmifnd.errors import UserError
from mmifnd.registry import HOOKS, METRICS

from .plan import Study

_SHOTS = re.compile(r'shot_(\d+)(_mean)?')
#: The component that measures it, by name of the measure. Of measures with other names nothing is known before a run.
_MAKERS = dict(knn='KNNAccuracy', linear='LinearProbe', nmi='ClusteringNMI', mtpr='DetectionRates', mtnr='DetectionRates',
               threshold_mae='QuantileError')


def check_measured(study: Study, measure: str) -> None:
    """Refuse a measure that a method's runs will not have.

    Raises:
        UserError: naming the method, the measure and what its config lacks.
    """
    for method in study.methods.values():
        problem = why_not_measured(load_config(method.config, method.options), measure)
        if problem:
            raise UserError(f'{method.label}: {measure} is not measured, {problem}; choose another measure, or configure it')


def why_not_measured(config: Config, measure: str) -> str | None:
    """What a config lacks of a measure; None if nothing is known to be missing."""
    if measure.startswith('step_'):
        return _why_not_scored(config, measure)
    shots = _SHOTS.fullmatch(measure)
    maker = 'FewShotProbe' if shots else _MAKERS.get(measure)
    if maker is None:
        return None
    entries = ((config.get('test_cfg') or {}).get('measures') or {}).values()
    makers = _of_type(entries, METRICS, maker)
    if not makers:
        return f'test_cfg.measures has no {maker}'
    if shots and all(int(shots[1]) not in entry.get('shots', (int(shots[1]),)) for entry in makers):
        return f'the shots of {maker} in test_cfg.measures are {makers[0]["shots"]}'
    return None


def _why_not_scored(config: Config, measure: str) -> str | None:
    hooks = [*(config.get('default_hooks') or {}).values(), *(config.get('custom_hooks') or [])]
    if not _of_type(hooks, HOOKS, 'DetectionHook'):
        return 'default_hooks has no DetectionHook'
    detector = (config.model.get('head') or {}).get('detector') or {}
    if measure.startswith('step_precision') and detector.get('type') == 'NoDetector':
        return 'model.head.detector.type=NoDetector detects nothing'
    return None


def _of_type(entries: Iterable[Any], registry: Any, name: str) -> list[dict[str, Any]]:
    """Configs of a registered component or of one that derives from it."""
    base, found = registry.get(name), []
    for entry in entries:
        component = registry.get(entry['type']) if isinstance(entry, dict) else None
        if inspect.isclass(component) and issubclass(component, base):
            found.append(entry)
    return found
