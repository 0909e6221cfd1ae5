"""Synthetic records of runs and of a study, whose maps are drawn in few iterations."""

import contextlib
from unittest import mock

import pytest
from run_folders import *  # noqa: F403  (fixtures)


@pytest.fixture(autouse=True)
def _quick_maps(quick_maps):
    """For every test of a report; see ``test_images_and_maps.py`` for the maps themselves."""


@pytest.fixture
def undrawn():
    """Context for a report whose words alone are looked at: its figures are made, and counted, but left empty on the page."""
    @contextlib.contextmanager
    def leave_empty():
        with mock.patch('mmifnd.visualization.svg._svg_of', return_value='<svg></svg>') as draw:
            yield
        assert draw.called

    return leave_empty
