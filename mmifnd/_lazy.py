"""Packages whose names are imported when they are used (PEP 562), so that ``import mmifnd.apis`` costs next to nothing."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from .errors import MissingExtra


def lazily(package: str, names: Mapping[str, Sequence[str]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package.

    No submodule may bear one of the names: importing it would put the module in the name's place.

    Args:
        package: its ``__name__``.
        names: what each submodule gives, by the submodule's name.

    Raises:
        MissingExtra: when a name is used whose module needs a package of an extra that is not installed.
    """
    modules = {name: module for module, given in names.items() for name in given}

    def get(name: str) -> Any:
        """Import the submodule that gives ``name``, and keep what it gives."""
        if name not in modules:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        try:
            value = getattr(import_module(f'{package}.{modules[name]}'), name)
        except ModuleNotFoundError as error:
            if (missing := MissingExtra.of(error)) is not None:
                raise missing from error
            raise
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *modules})
