"""Where a thread of this process is, in words."""

import os
import sys
from types import FrameType

#: Ends of the files in which a rank waits for others.
_COLLECTIVES = os.path.join('torch', 'distributed', 'distributed_c10d.py'), os.path.join('mmifnd', 'distributed.py')


def where_is(thread: int) -> tuple[str, bool]:
    """The innermost function of mmifnd and the innermost of all, and whether the thread waits for other ranks there.

    Args:
        thread: the number of the thread, as of ``threading.get_ident()``.

    Returns:
        tuple[str, bool]: such as ``'transform (mmifnd/datasets/load_image.py:57)'``; empty if there is no such thread.
    """
    frame: FrameType | None = sys._current_frames().get(thread)
    if frame is None:
        return '', False
    innermost, ours = frame, None
    waits = frame.f_code.co_name == '_engine_run_backward'  # gradients are averaged in there
    while frame is not None:
        path = frame.f_code.co_filename
        waits |= path.endswith(_COLLECTIVES)
        if ours is None and f'{os.sep}mmifnd{os.sep}' in path:
            ours = frame
        frame = frame.f_back
    places = [_described(place) for place in (ours, innermost) if place is not None]
    return ' > '.join(dict.fromkeys(places)), waits


def _described(frame: FrameType) -> str:
    path = frame.f_code.co_filename.split(os.sep)
    start = len(path) - 1 - path[::-1].index('mmifnd') if 'mmifnd' in path else len(path) - 1
    return f'{frame.f_code.co_name} ({"/".join(path[start:])}:{frame.f_lineno})'
