"""Synthetic records of runs and of a study."""

from run_folders import *  # noqa: F403  (fixtures)
