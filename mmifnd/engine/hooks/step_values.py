"""Values that a step logs, for one head or several."""

from torch import Tensor


def named_values(outputs: dict | None, name: str) -> dict[str, Tensor]:
    """The step's value ``name``, or those of several heads, which are called ``DIRECTION/NAME``; without a graph."""
    return {key: value.detach() for key, value in (outputs or {}).items() if key == name or key.endswith(f'/{name}')}
