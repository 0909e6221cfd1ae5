"""How the ranks of one start find each other in a store in which those of an earlier start have left their addresses."""

import os
import secrets
import time
from contextlib import suppress
from datetime import timedelta

import torch.distributed as dist

#: Seconds between two looks.
_PAUSE = .05


def store_of_launcher(timeout: float, is_new_server: bool = False) -> dist.TCPStore:
    """A client of the store at MASTER_ADDR and MASTER_PORT; rank 0 serves it if ``is_new_server`` and torchrun does not."""
    is_server = is_new_server and os.environ['RANK'] == '0' and os.environ.get('TORCHELASTIC_USE_AGENT_STORE') != 'True'
    return dist.TCPStore(os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT']), int(os.environ['WORLD_SIZE']), is_server,
                         timedelta(seconds=timeout), wait_for_workers=False, multi_tenant=True)


def meet(store: dist.Store, rank: int, world: int, timeout: float) -> str:
    """A prefix for keys that only the ranks of this start know; every rank must call it.

    torchrun starts ranks again with the store of before, and two hosts need not count their restarts alike. So each rank asks
    with a word of its own, rank 0 answers each word with the prefix, and words of earlier starts are asked in vain.

    Args:
        store: of all starts.
        rank: of this process.
        world: number of ranks.
        timeout: seconds to wait for the others.

    Raises:
        TimeoutError: if a rank does not come.
    """
    until, word = time.monotonic() + timeout, secrets.token_hex(8)
    if rank:
        store.set(f'asks/{rank}', word)
        while not store.check([f'answer/{word}']):
            _wait(until, 'rank 0 has', timeout)
        prefix = store.get(f'answer/{word}').decode()
        store.set(f'{prefix}/met/{rank}', '')
        return prefix
    answered: dict[int, bytes] = {}
    while missing := [other for other in range(1, world) if not store.check([f'{word}/met/{other}'])]:
        for other in missing:
            with suppress(RuntimeError):
                if store.check([f'asks/{other}']) and (asked := store.get(f'asks/{other}')) != answered.get(other):
                    answered[other] = asked
                    store.set(f'answer/{asked.decode()}', word)
        _wait(until, f'{len(missing)} of {world} ranks have', timeout)
    return word


def _wait(until: float, who: str, timeout: float) -> None:
    if time.monotonic() > until:
        raise TimeoutError(f'{who} not come within {timeout:.0f} s; start all hosts')
    time.sleep(_PAUSE)
