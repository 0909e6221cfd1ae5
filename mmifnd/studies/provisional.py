"""Which results stand on formulas that nobody has checked against the paper yet."""

from typing import Any

from mmifnd.registry import MODELS

#: Below a table with such results, and behind the names of their methods.
FOOTNOTE = '* provisional: formulas and constants written from memory, not checked against the paper'


def is_provisional(config: Any) -> bool:
    """Whether ``config``, of a model or a part of one, names a component that says of itself ``provisional = True``."""
    if isinstance(config, dict):
        named = config.get('type')
        component = MODELS.get(named) if isinstance(named, str) else named
        return getattr(component, 'provisional', False) or any(map(is_provisional, config.values()))
    return isinstance(config, (list, tuple)) and any(map(is_provisional, config))
