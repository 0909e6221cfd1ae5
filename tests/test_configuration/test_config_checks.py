"""Bad configs end in one line that names the key and the remedy."""

import os

import pytest

from mmifnd.apis import UserError
from mmifnd.configuration import load_config, one_line_errors
from mmifnd.configuration.check_components import check_components
from mmifnd.configuration.config import read_config

IFND = 'configs/ifnd/ifnd_simclr_digits.py'


@pytest.mark.parametrize('options, words', [
    ({'model.head.temprature': 1}, ['model.head.temprature', 'temperature']),
    ({'model.heed.temperature': 1}, ['model.heed', 'head']),
    ({'param_scheduler.7.begin': 1}, ['param_scheduler.7', 'list of 2']),
    ({'model.head.detector.type': 'PseudoLabelDetectr'}, ['model.head.detector', 'PseudoLabelDetector']),
    ({'model.head': {'tau': 1}}, ['model.head', 'no tau']),
    ({'default_hooks.false_negative.acceptance.ful_at': .5}, ['ful_at', 'full_at']),
    ({'train_cfg.max_epochs': 2}, ['CosineAnnealingLR begins at epoch 2', 'train for more than 2 epochs']),
])
def test_what_a_config_does_not_have_is_refused(options, words):
    with pytest.raises(UserError) as error:
        load_config(IFND, options)
    assert '\n' not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_an_argument_that_the_config_leaves_out_may_be_given():
    config = load_config(IFND, {'model.head.reweight': True, 'param_scheduler.0.begin': 1})
    assert config.model.head.reweight is True
    assert config.param_scheduler[0].begin == 1


def test_a_missing_config_is_named():
    with pytest.raises(UserError, match='configs/no_such.py does not exist'):
        load_config('configs/no_such.py')


def test_keys_of_nested_components_are_checked():
    with pytest.raises(UserError, match=r'a\[0\].b: SmallCNN has no width; did you mean widths'):
        check_components(dict(a=[dict(b=dict(type='SmallCNN', width=3))]))


def test_a_type_that_is_not_registered_is_not_imported_as_a_module(tmp_path, monkeypatch):
    (tmp_path / 'SomeHead.py').write_text('raise SystemExit("imported")')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match='model.head: SomeHead is not registered'):
        check_components(dict(model=dict(head=dict(type='SomeHead'))))


def test_bad_input_ends_in_one_line(capsys):
    with pytest.raises(SystemExit) as end, one_line_errors():
        raise ValueError('class `A` in a/b.py: class `C` in d.py: k=5 exceeds\n 3')
    assert end.value.code == 2
    assert capsys.readouterr().err == 'error: k=5 exceeds 3\n'


def test_a_fault_after_the_start_keeps_its_traceback():
    with pytest.raises(ValueError, match='ours'), one_line_errors(started=lambda: True):
        raise ValueError('ours')


@pytest.mark.parametrize('suffix', ['yaml', 'yml', 'json', 'txt'])
@pytest.mark.parametrize('inherits', [False, True])
def test_configs_are_programs_in_python_and_nothing_else_is_read(tmp_path, suffix, inherits):
    path, marker = tmp_path / f'evil.{suffix}', tmp_path / 'made'
    path.write_text(f'model: !!python/object/apply:os.mkdir [{str(marker)!r}]\n')
    child = tmp_path / 'child.py'
    child.write_text(f"_base_ = ['{path.name}']\n")
    with pytest.raises(UserError, match=f'config .*evil.{suffix} is no Python file; write configs in Python'):
        read_config(child if inherits else path)
    assert not marker.exists()


def test_a_config_that_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / 'fifo.py')
    with pytest.raises(UserError, match='fifo.py is a FIFO, no regular file'):
        read_config(tmp_path / 'fifo.py')


@pytest.mark.parametrize('text, words', [
    ("default_hook = dict(logger=dict(interval=1))", 'default_hook is no part of a config; did you mean default_hooks'),
    ("test_cfg = dict(measures=dict(kn=dict(k=5)))", 'test_cfg.measures.kn has no type; did you mean knn'),
    ("default_hooks = dict(false_negativ=dict(interval=2))", 'default_hooks.false_negativ has no type; did you mean false_neg'),
    ("model = dict(head=dict(temperature='abc'))", "model.head.temperature='abc' must be a number"),
    ("default_hooks = dict(false_negative=dict(num_clusters=5))", 'must be a list, such as (5,)'),
    ("train_cfg = dict(max_epochs=0)", 'train_cfg.max_epochs=0 is below 1'),
    ("import nowhere", 'cannot be read|nowhere'),
])
def test_slips_in_a_file_are_named(tmp_path, text, words):
    import re
    from pathlib import Path
    path = tmp_path / 'mine.py'
    path.write_text(f"_base_ = '{Path(IFND).resolve()}'\n{text}\n")
    with pytest.raises(UserError) as error:
        load_config(path)
    assert any(re.search(re.escape(part), str(error.value)) for part in words.split('|'))
