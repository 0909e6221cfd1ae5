"""The error for input that cannot be used, and the parts of its message."""

import difflib
from collections.abc import Iterable

#: Packages that are not installed with mmifnd, and the extra that installs them.
EXTRAS = dict(mmengine='openmmlab', mmcv='openmmlab', mmpretrain='openmmlab', tensorboard='tensorboard', open_clip='clip')


class UserError(ValueError):
    """Input that cannot be used; the message is one line with value, limit and remedy. Ends a run without a traceback."""


class MissingExtra(UserError, ImportError):
    """A package that the task needs is not installed; the message says which extra of mmifnd installs it."""

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> 'MissingExtra | None':
        """The sentence for a failed import; None if the missing module belongs to no extra."""
        package = (error.name or '').split('.')[0]
        if package not in EXTRAS:
            return None
        return cls(f"{package} is not installed; pip install 'mmifnd[{EXTRAS[package]}]', or in a checkout: "
                   f"pip install -e '.[{EXTRAS[package]}]'")


def near_matches(name: str, known: Iterable[str]) -> str:
    """The end of a message: ``; did you mean ...?`` if something is near, else what exists, if it is not too much."""
    known = sorted(map(str, known))
    near = difflib.get_close_matches(name, known, n=2)
    if near:
        return f'; did you mean {" or ".join(near)}?'
    return f'; there are {", ".join(known)}' if 0 < len(known) <= 12 else ''
