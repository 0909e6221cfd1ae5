"""Odd files, as strangers have them, made on the fly."""

import logging

import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from PIL import Image


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmifnd'):
        yield


@pytest.fixture
def put():
    """Write noise of a seed: ``put(path, seed, size=(width, height), **options_of_save)``."""
    def write(path, seed=0, size=(24, 24), **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, **options)
        return path
    return write


@pytest.fixture
def photo():
    """A smooth RGB picture of 128 x 96 pixels."""
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((128, 96), Image.BICUBIC)


@pytest.fixture
def logged(tmp_path):
    """What is logged, by worker processes, too: ``logged()``."""
    logger, handler = MMLogger.get_current_instance(), logging.FileHandler(tmp_path / 'logged.txt', encoding='utf-8')
    logger.addHandler(handler)
    yield (tmp_path / 'logged.txt').read_text
    logger.removeHandler(handler)
    handler.close()
