"""The configs that mmifnd ships, by name: each is read and checked once in a process, when a test asks for it."""

from functools import cache
from pathlib import Path

from mmifnd.configuration import load_config

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / 'configs').rglob('*.py'))
CONFIGS = [str(path.relative_to(ROOT / 'configs').with_suffix('')) for path in FILES
           if not {'_base_', 'benchmarks', 'studies'} & set(path.parts)]

HEADLINE = 'ifnd/ifnd_r50_8xb32_200e_in1k'


@cache
def load(name):
    """The config of that name."""
    return load_config(path_of(name))


def path_of(name):
    """File of a config."""
    return ROOT / 'configs' / f'{name}.py'
