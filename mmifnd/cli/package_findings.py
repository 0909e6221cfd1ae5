"""What is installed, whether it fits, and what is missing."""

import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

import mmifnd

from .findings import NOTE, OK, PROBLEM, Finding

LIBRARIES = ('numpy', 'scipy', 'scikit-learn', 'matplotlib', 'rich')
#: Distributions that give the same module, the usual ones first; only one of a row may be installed.
OPENMMLAB = (('mmengine', 'onedl-mmengine'), ('mmcv', 'mmcv-lite', 'onedl-mmcv'), ('mmpretrain', 'onedl-mmpretrain'))
FAISS = ('faiss-cpu', 'faiss-gpu', 'faiss-gpu-cu12', 'faiss-gpu-cu11')
#: Modules of the extras that a training can do without.
EXTRAS = dict(tensorboard='tensorboard', tests='pytest', docs='sphinx')


def versions_of(*names: str) -> dict[str, str]:
    """The versions of those distributions that are installed."""
    installed = {}
    for name in names:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


def mmifnd_itself() -> Finding:
    """The place of mmifnd, and whether Python finds it from any folder."""
    folder, number = Path(mmifnd.__file__).parent, versions_of('mmifnd').get('mmifnd')
    details = dict(version=mmifnd.__version__, folder=str(folder))
    if (folder / '.mim').is_dir():
        return Finding('mmifnd', f'{mmifnd.__version__}, installed in {folder}', details=details)
    value = f'{mmifnd.__version__}, the checkout {folder.parent}'
    if number == mmifnd.__version__:
        return Finding('mmifnd', value, details=details)
    return Finding('mmifnd', f'{value}; {"not" if number is None else number} installed', NOTE,
                   f'pip install --no-deps -e {folder.parent}', details)


def python() -> Finding:
    """The interpreter."""
    is_supported = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Finding('python', f'{platform.python_version()}, {platform.system()} {platform.machine()}',
                   OK if is_supported else PROBLEM, '' if is_supported else 'use Python 3.11 or 3.12',
                   dict(version=platform.python_version(), executable=sys.executable, platform=platform.platform()))


def torch_and_vision() -> Finding:
    """The versions of torch and torchvision."""
    return _distributions('torch', ('torch', 'torchvision'), "pip install 'mmifnd'")


def libraries() -> Finding:
    """What else mmifnd needs."""
    return _distributions('libraries', LIBRARIES, "pip install 'mmifnd'")


def _distributions(name: str, names: tuple[str, ...], remedy: str) -> Finding:
    """Versions of packages that are all needed; missing or too old ones are a problem."""
    installed = versions_of(*names)
    problems = [f'{name} is missing' for name in names if name not in installed]
    problems += [f'{name} {installed[name]} does not fit {bound}' for name, bound in _unfit(installed)]
    value = ', '.join([*(f'{name} {number}' for name, number in installed.items()), *problems])
    return Finding(name, value, PROBLEM if problems else OK, remedy if problems else '', installed)


def _unfit(installed: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Packages whose versions are outside the bounds of mmifnd, and the bounds; none if its metadata is not installed."""
    from packaging.requirements import Requirement
    try:
        requirements = [Requirement(line) for line in requires('mmifnd') or ()]
    except PackageNotFoundError:
        return
    for requirement in requirements:
        number = installed.get(requirement.name)
        if number is not None and not requirement.specifier.contains(number, prereleases=True):
            yield requirement.name, str(requirement.specifier)


def openmmlab() -> Finding:
    """OpenMMLab's three packages or their forks, never both, and whether they can be imported together."""
    chosen = {row: versions_of(*row) for row in OPENMMLAB}
    twice = [installed for installed in chosen.values() if len(installed) > 1]
    if twice:
        return Finding('OpenMMLab', f'{" and ".join(twice[0])} are both installed and overwrite each other', PROBLEM,
                       f'pip uninstall {" ".join(twice[0])}, then install one of them', twice[0])
    missing = [row[0] for row, installed in chosen.items() if not installed]
    installed = {name: number for versions in chosen.values() for name, number in versions.items()}
    value = ', '.join([f'{name} {number}' for name, number in installed.items()] + [f'{name} is missing' for name in missing])
    if missing:
        return Finding('OpenMMLab', value, PROBLEM, "pip install 'mmifnd[openmmlab]'", installed)
    import_module('mmifnd.registry')
    return Finding('OpenMMLab', value, details=installed)


def faiss() -> Finding:
    """The k-means library, and the kernels that it runs."""
    installed = versions_of(*FAISS)
    if len(installed) > 1:
        return Finding('faiss', f'{" and ".join(installed)} are both installed and overwrite each other', PROBLEM,
                       f'pip uninstall {" ".join(installed)}, then install one of them', installed)
    if find_spec('faiss') is None:
        return Finding('faiss', 'not installed: k-means runs in torch', NOTE,
                       "pip install 'mmifnd[faiss-cpu]' (or [faiss-gpu])")
    from mmifnd.clustering import faiss_kernel
    kernel = faiss_kernel()
    is_slow = 'Prescott' in kernel
    return Finding('faiss', kernel, NOTE if is_slow else OK,
                   'SSE3 kernels take three to four times as long: import mmifnd before faiss' if is_slow else '',
                   dict(installed, kernel=kernel))


def extras() -> Finding:
    """Extras that a training can do without."""
    missing = [extra for extra, module in EXTRAS.items() if find_spec(module) is None]
    details = {extra: extra not in missing for extra in EXTRAS}
    if not missing:
        return Finding('extras', f'{", ".join(EXTRAS)} are installed', details=details)
    remedy = f"if wanted: pip install 'mmifnd[{','.join(missing)}]'"
    return Finding('extras', f'not installed: {", ".join(missing)}', remedy=remedy, details=details)
