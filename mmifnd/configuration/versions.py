"""The versions that the numbers of a run depend on."""

import platform
from importlib.metadata import PackageNotFoundError, version

import mmifnd

PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmcv-lite', 'mmpretrain', 'faiss-cpu', 'scikit-learn')


def versions() -> dict[str, str]:
    """The version of mmifnd, of Python and of each installed package of :data:`PACKAGES`, and the kind of machine."""
    installed = dict(mmifnd=mmifnd.__version__, python=platform.python_version(), machine=platform.machine())
    for package in PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed
