"""Training and evaluation loops."""

from .epoch_loop import EpochLoop
from .representation_loop import RepresentationLoop

__all__ = ['EpochLoop', 'RepresentationLoop']
