"""Runs on the digits, small enough for a test."""

import itertools

import pytest
from mmengine.registry import DefaultScope

from mmifnd.configuration import build_runner, load_config

_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmifnd'):
        yield


@pytest.fixture
def digits_runner(restored_torch, tmp_path):
    """A runner of a config of the digits; dotted options change it."""

    def make(path='configs/ifnd/ifnd_simclr_digits.py', epochs=3, work_dir=tmp_path, log_level='ERROR', **options):
        options = {name.replace('__', '.'): value for name, value in options.items()}
        model = options.pop('model', {})
        if epochs < 3:
            options['param_scheduler'] = []  # the warm-up alone takes 2
        config = load_config(path, {
            'train_cfg.max_epochs': epochs, 'model.backbone.widths': (4, 8), 'model.neck.in_channels': 8, **options})
        config.merge_from_dict(dict(model=model))
        config.work_dir = str(work_dir)
        config.experiment_name = f'test_{next(_NUMBERS)}'  # mmengine keeps instances by this name
        config.randomness = dict(seed=3, deterministic=True)
        config.log_level = log_level
        return build_runner(config)

    return make
