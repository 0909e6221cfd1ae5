"""What the machine offers: GPUs, cores, memory, a port, room for batches and checkpoints."""

import os
import shutil
import socket
from collections import Counter
from pathlib import Path

from mmifnd.machine import available_cores, available_memory

from .findings import NOTE, OK, PROBLEM, Finding

GIB = 1 << 30
#: Less than this is mentioned, in GiB: workers hand batches over in shared memory, checkpoints go to the disk.
SHARED_MEMORY, DISK = 1, 5
_SHARED = Path('/dev/shm')
_DRIVER = Path('/proc/driver/nvidia/version')


def gpus() -> Finding:
    """GPUs that torch can use."""
    import torch
    cuda = torch.version.cuda
    if not torch.cuda.is_available():
        remedy = (f'there is an NVIDIA driver, but torch {torch.__version__} cannot use it: install a build for its CUDA'
                  if _DRIVER.exists() else '')
        return Finding('GPUs', 'none: trainings run on the CPU', NOTE if remedy else OK, remedy, dict(gpus=[], cuda=cuda))
    properties = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    devices = [dict(name=gpu.name, memory=gpu.total_memory, capability=f'{gpu.major}.{gpu.minor}') for gpu in properties]
    counts = Counter(f'{gpu.name} ({gpu.total_memory / GIB:.0f} GiB)' for gpu in properties)
    value = ', '.join(f'{count} x {name}' for name, count in counts.items())
    return Finding('GPUs', f'{value}, CUDA {cuda}', details=dict(gpus=devices, cuda=cuda))


def cpu() -> Finding:
    """Cores that this process may use, threads of OpenMP, and memory."""
    cores = available_cores()
    threads, memory = os.environ.get('OMP_NUM_THREADS'), available_memory()
    parts = [f'{cores} core{"s" * (cores > 1)}', f'OMP_NUM_THREADS {"is not set" if threads is None else threads}']
    if memory is not None:
        parts.append(f'{memory / GIB:.1f} GiB of memory available')
    return Finding('CPU', ', '.join(parts), details=dict(cores=cores, omp_num_threads=threads, memory_available=memory))


def port(number: int) -> Finding:
    """Whether the processes of a training can meet at a port."""
    with socket.socket() as meeting_place:
        meeting_place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as torch does
        try:
            meeting_place.bind(('', number))
        except (OSError, OverflowError) as error:
            remedy = 'choose another one for several processes: PORT=N bash tools/dist_train.sh ...'
            return Finding('port', f'{number} cannot be used: {error}', NOTE, remedy, dict(port=number, free=False))
    return Finding('port', f'{number} is free', details=dict(port=number, free=True))


def shared_memory() -> Finding:
    """Room for the batches that workers hand over."""
    if not _SHARED.is_dir():
        return Finding('shared memory', f'no {_SHARED} on this system')
    usage = shutil.disk_usage(_SHARED)
    remedy = ('workers hand their batches over in it: docker run --shm-size=8g, or train_dataloader.num_workers=0'
              if usage.free < SHARED_MEMORY * GIB else '')
    return Finding('shared memory', f'{usage.free / GIB:.1f} of {usage.total / GIB:.1f} GiB free in {_SHARED}',
                   NOTE if remedy else OK, remedy, dict(free=usage.free, total=usage.total))


def disk(work_dir: Path) -> Finding:
    """Room for checkpoints, and whether they may be written."""
    folder = next(parent for parent in (work_dir.absolute(), *work_dir.absolute().parents) if parent.exists())
    usage = shutil.disk_usage(folder)
    details = dict(folder=str(folder), free=usage.free, total=usage.total)
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Finding('disk', f'{folder} cannot be written to', PROBLEM, 'choose another folder: --work-dir FOLDER', details)
    remedy = 'checkpoints may not fit: make room, or choose another folder by --work-dir' if usage.free < DISK * GIB else ''
    return Finding('disk', f'{usage.free / GIB:.1f} of {usage.total / GIB:.1f} GiB free in {folder}',
                   NOTE if remedy else OK, remedy, details)
