"""Processes that read images for a data loader."""

import os
import signal
import threading

from mmengine.registry import FUNCTIONS


@FUNCTIONS.register_module()
def leave_signals_to_parent(worker_id: int) -> None:
    """Go on reading after Ctrl-C or SIGTERM: these reach the whole process group, and the training must end its step.

    A SIGTERM of the parent itself, by which a loader ends its workers, is obeyed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # else a handler would not learn who sent it
    threading.Thread(target=_end_with, args=(os.getppid(), ), daemon=True).start()


def _end_with(parent: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)
