"""Packaging of mmifnd. Ranges of versions are in requirements/, the tested set is in requirements/constraints.txt."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
#: What a checkout has beside the package; in an installed package it is in ``mmifnd/.mim``, as in OpenMMLab's packages.
BESIDE = ('configs', 'tools', 'model-index.yml')
#: Those with a file in requirements/.
EXTRAS = ('openmmlab', 'clip', 'faiss-cpu', 'faiss-gpu', 'tests', 'docs')


def read_requirements(name: str) -> list[str]:
    """Requirement lines of ``requirements/<name>.txt``, without comments and references to other files."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line.split('#')[0].strip() for line in lines if line.strip() and not line.startswith(('-', '#'))]


class BuildWithConfigs(build_py):
    """Build the package with configs and tools; an editable installation finds them in the checkout."""

    def run(self) -> None:
        """Build the modules, then copy what is beside them."""
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(Path(self.build_lib, 'mmifnd'), ignore_errors=True)  # an earlier build, with files that are gone
        super().run()
        mim = Path(self.build_lib, 'mmifnd', '.mim')
        mim.mkdir()
        for source in (ROOT / name for name in BESIDE if (ROOT / name).exists()):
            if source.is_dir():
                shutil.copytree(source, mim / source.name, ignore=shutil.ignore_patterns('__pycache__', '*.pyc'))
            else:
                shutil.copy(source, mim)


setup(
    name='mmifnd',
    version=re.search(r"__version__ = '(.+)'", (ROOT / 'mmifnd/__init__.py').read_text()).group(1),
    description='Contrastive pre-training without false negatives: IFND on OpenMMLab tools',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    author='The mmifnd authors',
    license='Apache-2.0',
    license_files=['LICENSE', 'mmifnd/datasets/wordnet/LICENSE', 'mmifnd/datasets/emoji/LICENSES.md'],
    keywords='self-supervised learning, contrastive learning, false negatives, clustering, OpenMMLab',
    project_urls={
        'Paper (IFND)': 'https://arxiv.org/abs/2106.03719',
        'Paper (SimCLR)': 'https://arxiv.org/abs/2002.05709',
        'Paper (MoCo v2)': 'https://arxiv.org/abs/2003.04297',
        'Paper (PCL)': 'https://arxiv.org/abs/2005.04966',
    },
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
        'Typing :: Typed',
    ],
    packages=find_packages(include=['mmifnd', 'mmifnd.*']),
    package_data={'mmifnd': ['py.typed'], 'mmifnd.datasets': ['wordnet/*', 'emoji/*']},
    python_requires='>=3.11,<3.13',
    install_requires=read_requirements('runtime'),
    extras_require={
        **{name: read_requirements(name) for name in EXTRAS}, 'tensorboard': ['tensorboard'],
        'kornia': ['kornia>=0.9'],
        'dev': [*read_requirements('tests'), *read_requirements('docs'), 'pre-commit']},
    entry_points=dict(console_scripts=['mmifnd=mmifnd.cli:main']),
    cmdclass=dict(build_py=BuildWithConfigs),
    zip_safe=False,
)
