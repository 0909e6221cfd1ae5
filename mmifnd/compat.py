"""Workarounds for the libraries below us: symptom, version, and the test that says when each can go.

Every one uses a public hook of the library and does nothing if the fault is absent. `tests/test_compat.py` holds a test
a workaround, which fails once the fault is mended upstream.
"""

import importlib
import re
import sys

import torch

_MISSING_OPERATOR = re.compile(r'operator torchvision::(\w+) does not exist')
_LIBRARY = None  # kept alive: the declared operators go with it


def ensure_torchvision(max_operators: int = 16) -> list[str]:
    """Import torchvision, declaring the operators that a CPU build of torch leaves undefined.

    Symptom: torchvision's wheel on PyPI is a CUDA build; on a CPU build of torch (2.13 with torchvision 0.28) its import
    ends with ``RuntimeError: operator torchvision::nms does not exist``. Declaring the schema is enough; nothing here calls
    the operators. On a CUDA build this does nothing.

    Returns:
        list[str]: names of the operators that had to be declared.

    Raises:
        RuntimeError: if torchvision cannot be imported for another reason.
    """
    global _LIBRARY  # noqa: PLW0603 - an operator lives as long as the library that declares it
    declared = []
    for _ in range(max_operators):
        try:
            importlib.import_module('torchvision')
            return declared
        except RuntimeError as error:
            match = _MISSING_OPERATOR.search(str(error))
            if match is None or match.group(1) in declared:
                raise
            for name in [name for name in sys.modules if name.split('.')[0] == 'torchvision']:
                del sys.modules[name]
            if _LIBRARY is None:
                _LIBRARY = torch.library.Library('torchvision', 'FRAGMENT')
            _LIBRARY.define(f'{match.group(1)}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
            declared.append(match.group(1))
    raise RuntimeError('torchvision cannot be imported; check that its version fits torch (requirements/constraints.txt)')
