"""Synthetic records of runs and of a study, whose maps are drawn in few iterations."""

import pytest
from run_folders import *  # noqa: F403  (fixtures)


@pytest.fixture(autouse=True)
def _quick_maps(quick_maps):
    """For every test of a report; see ``test_images_and_maps.py`` for the maps themselves."""
