"""Times and memory that can be compared: alternating rounds, medians of paired ratios, peaks of the allocator."""

import json
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

MIB = 2**20


@dataclass(frozen=True)
class Spread:
    """A median with its quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> 'Spread':
        """The spread of ``values``; quartiles need two of them."""
        low, _, high = statistics.quantiles(values, n=4, method='inclusive') if len(values) > 1 else values * 3
        return cls(statistics.median(values), low, high)


def clock_of(device: torch.device) -> str:
    """How :func:`seconds` measures on ``device``."""
    if device.type == 'cuda':
        return 'CUDA events'
    return 'CPU time of the process' if torch.get_num_threads() == 1 else 'wall time'


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Duration of ``work()``: by events on a GPU; on one CPU thread as CPU time, which other jobs disturb less."""
    if device.type == 'cuda':
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize(device)
        begin.record()
        work()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1000
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    begin = clock()
    work()
    return clock() - begin


def alternate(works: Mapping[str, Callable[[], object]], rounds: int, device: torch.device,
              warm_up: int = 1) -> dict[str, list[float]]:
    """Seconds of each of ``works`` in ``rounds`` rounds, after ``warm_up`` rounds that do not count.

    The order within a round is drawn anew, and no work follows itself: it would find its own weights in the cache.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    draw, order = random.Random(0), list(works)
    for number in range(warm_up + rounds):
        last = order[-1] if number and len(order) > 1 else None
        draw.shuffle(order)
        while order[0] == last:
            draw.shuffle(order)
        for name in order:
            duration = seconds(works[name], device)
            if number >= warm_up:
                times[name].append(duration)
    return times


def ratio(above: list[float], below: list[float]) -> Spread:
    """Spread of the ratio of two works of the same rounds."""
    return Spread.of([a / b for a, b in zip(above, below)])


def peak_bytes(work: Callable[[], object], device: torch.device) -> int:
    """Most bytes that ``work()`` held above what was held before it."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        work()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / 'trace.json'
        profile.export_chrome_trace(str(trace))
        events = [e for e in json.loads(trace.read_text())['traceEvents'] if e.get('name') == '[memory]']
    events.sort(key=lambda event: event['ts'])
    held = peak = 0
    for event in events:
        held += event['args']['Bytes']
        peak = max(peak, held)
    return peak


def saved_bytes(forward: Callable[[], object]) -> int:
    """Bytes that autograd keeps for the backward pass of ``forward()``; a storage that is kept twice counts once."""
    storages: dict[int, tuple[Tensor, int]] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = tensor, storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = forward()
    del result
    return sum(nbytes for _, nbytes in storages.values())


def machine(device: torch.device) -> dict[str, str]:
    """What a reader needs to judge the figures; no names of hosts or people."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    on_gpu = device.type == 'cuda'
    return {
        'device': torch.cuda.get_device_name(device) if on_gpu else f'CPU ({platform.machine()})',
        'cores': f'{os.cpu_count()}, {torch.get_num_threads()} thread(s) used',
        'memory': f'{memory:.0f} GiB',
        'python': platform.python_version(),
        'torch': torch.__version__,
        'clock': clock_of(device),
    }


def write_json(path: str | None, result: object) -> None:
    """Write ``result`` to ``path``, where one is given."""
    if path:
        Path(path).write_text(json.dumps(result, indent=2) + '\n')
