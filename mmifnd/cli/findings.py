"""What ``mmifnd doctor`` looks at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mmifnd.configuration.errors import one_line

OK, NOTE, PROBLEM = 'ok', 'note', 'problem'


@dataclass(frozen=True)
class Finding:
    """One line of ``mmifnd doctor``.

    Attributes:
        name: what was looked at.
        value: what was found, for people.
        status: ``'ok'``, ``'note'`` (a training runs, but see the remedy) or ``'problem'``.
        remedy: what to do; empty if nothing is to be done.
        details: the same in plain values.
    """

    name: str
    value: str
    status: str = OK
    remedy: str = ''
    details: dict[str, Any] = field(default_factory=dict)


def examine(port: int, work_dir: str | Path) -> Iterator[Finding]:
    """Run all checks; one that fails is a finding, too.

    Args:
        port: where the processes of a training meet.
        work_dir: folder for checkpoints, which need not exist yet.
    """
    from . import machine_findings as machine, package_findings as packages
    checks: dict[str, Callable[[], Finding]] = {
        'mmifnd': packages.mmifnd_itself, 'python': packages.python, 'torch': packages.torch_and_vision,
        'OpenMMLab': packages.openmmlab, 'libraries': packages.libraries, 'faiss': packages.faiss, 'GPUs': machine.gpus,
        'CPU': machine.cpu, 'port': partial(machine.port, port), 'shared memory': machine.shared_memory,
        'disk': partial(machine.disk, Path(work_dir)), 'extras': packages.extras}
    for name, check in checks.items():
        try:
            yield check()
        except Exception as error:  # a broken library can fail in any way, which is what the doctor is asked about
            yield Finding(name, f'{type(error).__name__}: {one_line(error)}', PROBLEM)
