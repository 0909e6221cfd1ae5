"""The examples in the docstrings of `mmifnd.clustering` run."""

import doctest
import importlib
import pkgutil

import pytest

from mmifnd import clustering

MODULES = [module.name for module in pkgutil.iter_modules(clustering.__path__)]


@pytest.mark.parametrize('name', MODULES)
def test_examples_run(name):
    module = importlib.import_module(f'mmifnd.clustering.{name}')
    result = doctest.testmod(module)
    assert result.failed == 0
