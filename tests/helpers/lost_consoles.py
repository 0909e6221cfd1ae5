"""Streams of ``sys`` that cannot be written, for tests."""

import os

#: What a message says of each.
REASONS = dict(pipe='Broken pipe', full='No space left on device', none='it is closed', closed='it is closed')


def lost_stream(kind):
    """A stream that cannot be written, of a key of :data:`REASONS`."""
    if kind == 'none':
        return None
    if kind == 'pipe':
        reader, writer = os.pipe()
        os.close(reader)
        return open(writer, 'w', buffering=1)
    stream = open('/dev/full', 'w', buffering=1)  # noqa: SIM115
    if kind == 'closed':
        stream.close()
    return stream


def close(stream):
    """Close a stream, whatever waits in it."""
    if stream is not None and not stream.closed:
        with open(os.devnull, 'w') as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
        stream.close()
