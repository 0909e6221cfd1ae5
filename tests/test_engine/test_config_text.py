"""A config is formatted once for each of its states, whoever asks."""

import copy

import pytest
from mmengine.config import Config, config as config_module

from mmifnd.engine import config_text
from mmifnd.engine.config_text import FormattedConfig, text_of


@pytest.fixture
def formatted(monkeypatch):
    """What mmengine has formatted."""
    texts, format_code = [], config_module.FormatCode
    monkeypatch.setattr(config_text, '_TEXTS', {})
    monkeypatch.setattr(config_module, 'FormatCode', lambda text, **options: texts.append(text) or format_code(text, **options))
    return texts


def test_the_text_is_that_of_mmengine_and_made_once_per_state(formatted):
    config = Config(dict(model=dict(type='A', widths=(4, 8)), name="it's"), cfg_text='# as written', filename='a.py')
    expected = config.pretty_text
    ours = FormattedConfig.of(config)
    formatted.clear()
    assert ours.pretty_text == expected == text_of(copy.deepcopy(config)) == copy.deepcopy(ours).pretty_text
    assert len(formatted) == 1 and isinstance(copy.deepcopy(ours), FormattedConfig)
    ours.model.widths = (4, 16)
    assert '16' in ours.pretty_text and len(formatted) == 2
    assert config.model.widths == (4, 16) and ours.filename == 'a.py'  # the values are shared


def test_a_few_texts_are_kept(formatted):
    configs = [Config(dict(number=number)) for number in range(config_text._KEPT + 1)]
    assert [text_of(config) for config in configs] == [f'number = {number}\n' for number in range(len(configs))]
    assert len(config_text._TEXTS) == config_text._KEPT and configs[0].pretty_text == text_of(configs[0])


def test_a_run_formats_its_config_once(formatted, digits_runner, tmp_path):
    runner = digits_runner(epochs=1)
    runner.train()
    assert len(formatted) == 1
    assert next(tmp_path.glob('*.py')).read_text() == runner.cfg.pretty_text == text_of(runner.cfg)
