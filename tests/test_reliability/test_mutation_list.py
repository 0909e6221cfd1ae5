"""The list of mutations is that of today's code: each names a text that stands once in its file, and changes it."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = runpy.run_path(str(ROOT / 'tools' / 'reliability' / 'mutation_list.py'))['MUTATIONS']


@pytest.mark.parametrize('mutation', MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_one_place(mutation):
    text = (ROOT / mutation.file).read_text()
    assert text.count(mutation.old) == 1
    assert mutation.new != mutation.old
    assert all((ROOT / test.split('::')[0]).exists() for test in mutation.tests)
