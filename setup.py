"""Packaging of mmifnd. Ranges stand here, the tested set of versions in requirements/constraints.txt."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def read_requirements(name: str) -> list[str]:
    """Requirement lines of ``requirements/<name>.txt``, without comments and references to other files."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line.split('#')[0].strip() for line in lines if line.strip() and not line.startswith(('-', '#'))]


setup(
    name='mmifnd',
    version=re.search(r"__version__ = '(.+)'", (ROOT / 'mmifnd/__init__.py').read_text()).group(1),
    description='Contrastive pre-training without false negatives: IFND on OpenMMLab tools',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmifnd', 'mmifnd.*']),
    package_data={'mmifnd.datasets': ['wordnet/*']},
    python_requires='>=3.11,<3.13',
    install_requires=read_requirements('runtime'),
    extras_require=dict(
        openmmlab=read_requirements('openmmlab'), tests=read_requirements('tests'), tensorboard=['tensorboard']),
)
