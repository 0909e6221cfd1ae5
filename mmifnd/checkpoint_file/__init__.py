"""The file of a checkpoint: its seal, whether it is sound, and the one way to read it.

Nothing in a file is executed, and nothing that it says of its sizes is believed.
"""

from .reading import DamagedError, can_replace, damage_of, read_checkpoint
from .seal import sealed

__all__ = ['DamagedError', 'can_replace', 'damage_of', 'read_checkpoint', 'sealed']
