"""Every example in a docstring runs and says the truth; public functions of the pure rooms have one."""

import ast
import doctest
import importlib
import inspect
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

import mmifnd

ROOT = Path(mmifnd.__file__).parent


def module_name(path):
    """``mmifnd.apis.audit`` of its file."""
    parts = path.relative_to(ROOT.parent).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def has_example(path):
    """Whether a docstring of the file holds an example."""
    kinds, text = (ast.Module, ast.ClassDef, ast.FunctionDef), path.read_text()
    return '>>>' in text and any(
        '>>>' in (ast.get_docstring(node) or '') for node in ast.walk(ast.parse(text)) if isinstance(node, kinds))


MODULES = [module_name(path) for path in sorted(ROOT.rglob('*.py')) if has_example(path)]


@pytest.mark.parametrize('name', MODULES)
def test_examples(name, restored_torch):
    MMLogger.get_current_instance()  # writes to the console of now: a warning is no result of an example
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed


@pytest.mark.parametrize('room', ['functional', 'evaluation'])
def test_public_functions_have_one(room):
    package = importlib.import_module(f'mmifnd.{room}')
    functions = {name: value for name in package.__all__ if inspect.isfunction(value := getattr(package, name))}
    assert [name for name, function in functions.items() if '>>>' not in (function.__doc__ or '')] == []
    assert functions
