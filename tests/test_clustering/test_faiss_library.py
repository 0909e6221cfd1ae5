"""Which BLAS kernels faiss runs, and that it is imported no earlier than it is used."""

import os
import subprocess
import sys

import numpy as np
import pytest

from mmifnd.clustering import KMeans, faiss_kernel, faiss_library, load_faiss

AVX2 = frozenset(('avx2', 'fma'))
AVX512 = AVX2 | {'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'}

SCRIPT = """
import sys, os
import mmifnd.clustering as clustering
assert 'faiss' not in sys.modules
clustering.KMeans(device='cpu')
assert 'faiss' not in sys.modules
given = os.environ.get('OPENBLAS_CORETYPE')
print(clustering.faiss_kernel())
assert os.environ.get('OPENBLAS_CORETYPE') == given
"""


def run(script, **variables):
    environment = {key: value for key, value in os.environ.items() if key != 'OPENBLAS_CORETYPE'}
    return subprocess.run([sys.executable, '-c', script], env={**environment, **variables}, capture_output=True, text=True,
                          timeout=120, cwd=os.path.dirname(os.path.dirname(os.path.dirname(__file__))))


@pytest.mark.parametrize('vendor, flags, expected', [
    ('GenuineIntel', AVX512, 'SkylakeX'),
    ('GenuineIntel', AVX512 - {'avx512vl'}, 'Haswell'),  # SkylakeX kernels would be illegal instructions
    ('GenuineIntel', AVX2, 'Haswell'),
    ('AuthenticAMD', AVX512, 'Zen'),
    ('GenuineIntel', frozenset(('sse4_2', 'avx', 'fma')), None),
    ('', frozenset(), None),  # not x86-64, or unreadable
])
def test_kernels_follow_the_flags_of_the_cpu(vendor, flags, expected):
    assert faiss_library.core_type(vendor, flags) == expected


def test_faiss_is_imported_when_used_with_kernels_that_fit():
    result = run(SCRIPT)
    assert result.returncode == 0, result.stderr
    vendor, flags = faiss_library._cpu()
    if flags >= AVX2:
        assert 'Prescott' not in result.stdout and 'Prescott' not in result.stderr


@pytest.mark.skipif(not faiss_library._cpu()[1] >= AVX2, reason='needs a CPU that has more than SSE3')
def test_the_choice_of_the_user_stays_and_slow_kernels_are_named():
    result = run(SCRIPT, OPENBLAS_CORETYPE='Prescott')
    assert result.returncode == 0, result.stderr
    assert 'with Prescott kernels' in result.stdout
    assert 'RuntimeWarning: faiss computes with the slow SSE3 kernels of its OpenBLAS' in result.stderr


def test_kernels_that_multiply_wrongly_are_refused(monkeypatch):
    faiss_library._check_product(load_faiss())

    class Wrong(load_faiss().IndexFlatIP):
        def search(self, rows, k):
            return np.zeros((len(rows), k), dtype=np.float32), np.zeros((len(rows), k), dtype=np.int64)

    monkeypatch.setattr(load_faiss(), 'IndexFlatIP', Wrong)
    with pytest.raises(RuntimeError, match='faiss multiplies wrongly with its .* kernels on this CPU'):
        faiss_library._check_product(load_faiss())


def test_a_faiss_that_is_not_installed_is_refused_before_anything_is_clustered(monkeypatch):
    monkeypatch.delitem(sys.modules, 'faiss', raising=False)
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ImportError, match=r'faiss is not installed; install .*\[faiss-cpu\] or \[faiss-gpu\]'):
        KMeans(device='cpu')


def test_kernels_are_told_in_a_few_words():
    assert faiss_kernel().startswith(f'faiss {load_faiss().__version__}, ')
