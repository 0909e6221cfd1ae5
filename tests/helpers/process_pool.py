"""Processes of one gloo group that stay for many jobs."""

import datetime
import os
import pickle
import sys
import traceback
from multiprocessing import forkserver
from unittest import mock

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

TIMEOUT = 60


class ProcessPool:
    """`world_size` processes; :meth:`run` gives each a job and returns what each one returned.

    A job is a function that a module names, so that a new process can import it. Where one fails, the tracebacks of all
    ranks come back, and the next job meets a fresh group.
    """

    def __init__(self, world_size, folder):
        self.world_size, self.folder = world_size, folder
        self.groups, self.processes, self.pipes = 0, [], []

    def run(self, job, *args, **kwargs):
        """Results in the order of the ranks."""
        if not self.processes:
            self._start()
        for pipe in self.pipes:
            pipe.send((job, args, kwargs))
        answers = []
        for rank, pipe in enumerate(self.pipes):
            try:
                answers.append(pickle.loads(pipe.recv_bytes()) if pipe.poll(2 * TIMEOUT) else (False, 'no answer'))
            except EOFError:
                answers.append((False, f'the process ended with {self.processes[rank].exitcode}'))
        if not all(succeeded for succeeded, _ in answers):
            self.close()
            raise AssertionError('\n'.join(f'rank {rank}: {result if not succeeded else "succeeded"}'
                                           for rank, (succeeded, result) in enumerate(answers)))
        return [result for _, result in answers]

    def close(self):
        for pipe in self.pipes:
            pipe.close()
        for process in self.processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
        self.processes, self.pipes = [], []

    def _start(self):
        self.groups += 1
        context = _forkserver()
        for rank in range(self.world_size):
            here, there = context.Pipe()
            meeting_place = f'file://{self.folder}/group_{self.groups}'
            process = context.Process(target=_work, args=(rank, self.world_size, meeting_place, there), daemon=True)
            process.start()
            there.close()
            self.pipes.append(here)
            self.processes.append(process)


def _forkserver():
    """Forks processes from one that has imported the jobs, which takes seconds; it lives as long as this process."""
    context = mp.get_context('forkserver')
    context.set_forkserver_preload(['per_image_jobs', 'runner_jobs'])
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):  # it is not told where to look otherwise
        forkserver.ensure_running()
    return context


def _work(rank, world_size, init_method, pipe):
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world_size))
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', init_method, rank=rank, world_size=world_size, timeout=datetime.timedelta(seconds=TIMEOUT))
    while True:
        try:
            job, args, kwargs = pipe.recv()
        except EOFError:
            break
        try:
            answer = True, job(*args, **kwargs)
        except BaseException:
            answer = False, traceback.format_exc()
        try:
            pipe.send_bytes(pickle.dumps(answer))  # send() would open a file for each tensor
        except BrokenPipeError:
            break
    dist.destroy_process_group()
