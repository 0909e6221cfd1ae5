"""A second device for tests of what waits: ``strict``, on CPU memory; it has no speed of its own.

It refuses operations on tensors of mixed devices, and reports whatever makes a host wait for an accelerator: ``.item()``,
blocking copies, indices of a mask or from the host, operations whose result has a size that depends on values. What it cannot
show: time, NCCL, and kernels of a real device. It lasts as long as the process, so tests use it in processes of their own.
"""

import collections
import ctypes
import subprocess
import traceback
import types
from pathlib import Path

import torch

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LIBRARY = 'strict_device.so'


def build(folder: Path) -> Path:
    """Compile the device into a folder with g++, in less than a minute."""
    from torch.utils.cpp_extension import include_paths, library_paths
    (libraries,) = library_paths()
    abi = f'-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}'
    headers = [f'-I{path}' for path in include_paths()]
    linked = [f'-L{libraries}', f'-Wl,-rpath,{libraries}', '-lc10', '-ltorch_cpu', '-ltorch']
    command = ['g++', '-std=c++20', '-O0', '-w', '-fPIC', '-shared', abi, *headers, str(HERE / 'device.cpp'), '-o',
               str(folder / LIBRARY), *linked]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f'the strict device could not be built: {done.stderr[-3000:]}')
    return folder / LIBRARY


class Strict:
    """The device, once for a process.

    Attributes:
        device (torch.device): what tensors are moved to.
        waits (Counter): places in the code, by what waited there, while :meth:`listen` was on.
    """

    def __init__(self, library: Path) -> None:
        torch.utils.rename_privateuse1_backend('strict')
        torch._register_device_module('strict', _module())
        self._library = ctypes.CDLL(str(library))
        torch.utils.generate_methods_for_privateuse1_backend(for_tensor=True, for_module=True, for_storage=True)
        self.device = torch.device('strict', 0)
        self.waits: collections.Counter = collections.Counter()
        self._callback = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(self._note)

    def listen(self, on: bool) -> None:
        """Count from now on, or no more."""
        self._library.listen(self._callback if on else None)

    def _note(self, what: bytes) -> None:
        frames = [frame for frame in traceback.extract_stack()[:-1] if Path(frame.filename).parent != HERE]
        places = [frames[-1], *[frame for frame in frames if frame.filename.startswith(str(ROOT / 'mmifnd'))][-1:]]
        self.waits[' <- '.join([what.decode(), *(f'{Path(f.filename).name}:{f.lineno} {f.line}' for f in places)])] += 1


def _module() -> types.ModuleType:
    """What torch asks a device for."""
    module = types.ModuleType('torch.strict')
    module.is_available = module.is_initialized = lambda: True
    module.device_count, module.current_device = lambda: 1, lambda: 0
    module._is_in_bad_fork = module.is_autocast_enabled = lambda: False
    module._lazy_init = lambda: None
    module.manual_seed = module.manual_seed_all = lambda seed: None
    module.synchronize = lambda device=None: None
    module.get_amp_supported_dtype = lambda: [torch.float16, torch.bfloat16, torch.float32]
    module.get_rng_state = lambda device=None: torch.get_rng_state()
    module.set_rng_state = lambda state, device=None: None
    module.device = _Guard
    return module


class _Guard:
    def __init__(self, *_: object) -> None:
        """One device: nothing to switch."""

    def __enter__(self) -> None:
        """Nothing."""

    def __exit__(self, *_: object) -> None:
        """Nothing."""
