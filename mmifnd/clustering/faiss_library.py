"""The faiss library: imported when it is first used, with the BLAS kernels that fit the CPU."""

import importlib
import importlib.util
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import threadpoolctl
import torch

#: Environment variable with which a user chooses OpenBLAS' kernels.
CORE_TYPE = 'OPENBLAS_CORETYPE'

#: What SkylakeX kernels of OpenBLAS need; without one of them the process would die of an illegal instruction.
_AVX512 = frozenset(('avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'))
_AVX2 = frozenset(('avx2', 'fma'))
#: Scratch memory of faiss on each GPU, in bytes; faiss itself would take 18 % of the card.
_GPU_SCRATCH = 512 << 20
_INSTALL = "install mmifnd's extra [faiss-cpu] or [faiss-gpu] (one of them: both own the folder faiss/)"


@cache
def load_faiss() -> ModuleType:
    """Import faiss with fast BLAS kernels, and check a small product.

    The OpenBLAS 0.3.15 in faiss' wheels does not recognise current Intel CPUs and falls back to SSE3 kernels ("Prescott"),
    which take three to four times as long. Unless the user has set ``OPENBLAS_CORETYPE``, it is set by the CPU's flags while
    faiss is imported, and removed again: other libraries choose for themselves.

    Returns:
        module: faiss.

    Raises:
        ImportError: if faiss is not installed.
        RuntimeError: if faiss' products are wrong with these kernels.

    Example:
        >>> load_faiss().IndexFlatL2(8).d
        8
    """
    require_faiss()
    with _environment(CORE_TYPE, core_type(*_cpu())):
        faiss = importlib.import_module('faiss')
    _check_product(faiss)
    architecture = _openblas().get('architecture')
    if architecture == 'Prescott':
        warnings.warn(
            f'faiss computes with the slow SSE3 kernels of its OpenBLAS (Prescott; {CORE_TYPE}={os.environ.get(CORE_TYPE)}); '
            f'import mmifnd before faiss, or start Python with {CORE_TYPE}={core_type(*_cpu()) or "Haswell"}',
            RuntimeWarning, stacklevel=2)
    return faiss


def require_faiss() -> None:
    """Refuse, in one line and without importing it, a faiss that is not installed.

    Raises:
        ImportError: with the remedy.

    Example:
        >>> require_faiss()
    """
    if 'faiss' not in sys.modules and importlib.util.find_spec('faiss') is None:
        raise ImportError(f"faiss is not installed; {_INSTALL}, or use kmeans=dict(backend='torch')")


def core_type(vendor: str, flags: frozenset[str]) -> str | None:
    """The name of the OpenBLAS kernels for a CPU; None leaves the choice to OpenBLAS.

    Args:
        vendor (str): as CPUID gives it, such as ``'GenuineIntel'``.
        flags (frozenset[str]): names of its features, as in ``/proc/cpuinfo``.

    Example:
        >>> core_type('AuthenticAMD', frozenset(('avx2', 'fma')))
        'Zen'
    """
    if not flags.issuperset(_AVX2):
        return None
    if vendor == 'AuthenticAMD':  # what OpenBLAS takes for the AMD CPUs that it does recognise
        return 'Zen'
    return 'SkylakeX' if flags.issuperset(_AVX512) else 'Haswell'


def faiss_kernel() -> str:
    """Describe the faiss that is imported and the BLAS kernels it runs, in a few words.

    Example:
        >>> faiss_kernel()  # doctest: +SKIP
        'faiss 1.15.1, OpenBLAS 0.3.15 with Haswell kernels'
    """
    faiss = load_faiss()
    blas = _openblas()
    kernels = f'OpenBLAS {blas["version"]} with {blas["architecture"]} kernels' if blas else 'another BLAS than OpenBLAS'
    return f'faiss {faiss.__version__}, {kernels}'


def gpu_count() -> int:
    """The number of GPUs that faiss can use: 0 if faiss is missing or built for the CPU.

    Example:
        >>> gpu_count() >= 0
        True
    """
    if not torch.cuda.is_available() or importlib.util.find_spec('faiss') is None:
        return 0
    faiss = load_faiss()
    return faiss.get_num_gpus() if hasattr(faiss, 'StandardGpuResources') else 0


@cache
def gpu_resources(device: int) -> Any:  # pragma: no cover (needs a GPU)
    """``faiss.StandardGpuResources`` of a GPU: made once per process, with 512 MiB of scratch memory.

    Memory that torch holds without using it is returned to the driver before.
    """
    torch.cuda.empty_cache()
    resources = load_faiss().StandardGpuResources()
    resources.setTempMemory(_GPU_SCRATCH)
    return resources


@contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    """Set a variable meanwhile, unless the user has set it."""
    if value is None or name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _cpu() -> tuple[str, frozenset[str]]:
    """Vendor and flags of this CPU; empty if they cannot be read."""
    cpuinfo = Path('/proc/cpuinfo')
    if platform.machine() not in ('x86_64', 'AMD64') or not cpuinfo.is_file():
        return '', frozenset()
    fields = dict(line.split(':', 1) for line in cpuinfo.read_text().split('\n\n')[0].splitlines() if ':' in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    return fields.get('vendor_id', ''), frozenset(fields.get('flags', '').split())


def _openblas() -> dict:
    """What threadpoolctl knows of the OpenBLAS in faiss' wheel; empty where faiss uses another one."""
    pools = threadpoolctl.threadpool_info()
    return next((pool for pool in pools if pool['internal_api'] == 'openblas' and 'faiss' in pool['filepath']), {})


def _check_product(faiss: ModuleType) -> None:
    """Compare the inner products of faiss with those of torch."""
    rows = np.random.default_rng(0).standard_normal((256, 64), dtype=np.float32)
    index = faiss.IndexFlatIP(64)
    index.add(rows[:100])
    largest = torch.from_numpy(rows) @ torch.from_numpy(rows[:100]).T
    if not np.allclose(index.search(rows, 1)[0][:, 0], largest.amax(dim=1).numpy(), atol=1e-3):
        kernels = _openblas().get('architecture', 'unknown')
        raise RuntimeError(f'faiss multiplies wrongly with its {kernels} kernels on this CPU; start Python with '
                           f"{CORE_TYPE}=Haswell, or use kmeans=dict(backend='torch')")
