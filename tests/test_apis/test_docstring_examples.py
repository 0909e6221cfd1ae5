"""The examples of the Python API run."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize('name', ['audit', 'backbones', 'evaluation', 'features', 'pretraining'])
def test_examples(name, restored_torch):
    result = doctest.testmod(importlib.import_module(f'mmifnd.apis.{name}'))
    assert result.attempted and not result.failed
