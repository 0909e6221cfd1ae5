"""Many small trainings at once, as one: what fills a GPU that a single small network leaves idle."""

from .arms import ARMS, StackedRun
from .encoder import StackedEncoder
from .training import Recipe, StackedTraining
from .views import random_views

__all__ = ['ARMS', 'Recipe', 'StackedEncoder', 'StackedRun', 'StackedTraining', 'random_views']
