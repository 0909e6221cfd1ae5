"""JSON that somebody else wrote: nothing is dropped silently, and whatever is none of it is one line."""

import errno
import os

import pytest

from mmifnd.errors import UserError
from mmifnd.foreign import OF_FORM, believed, parse_json, read_json
from mmifnd.shortage import ShortageError


@pytest.mark.parametrize('text, words', [
    ('', 'Expecting value'), ('{"a": 1, "a": 2}', "the key 'a' stands twice"), ('[' * 100_000, 'recursion'),
    ('{"a": %s}' % ('1' * 5000), '4300 digits'), (b'\xff\xfe{', 'decode'), ('{"\x1b\\n": 1, "\x1b\\n": 2}', 'Invalid control'),
    ('{"\\u001b\\n": 1, "\\u001b\\n": 2}', r"the key '\?\?' stands twice")])
def test_what_is_no_json_is_named_in_one_line(text, words):
    with pytest.raises(UserError, match=f'x.json is no JSON .*{words}') as error:
        parse_json(text, 'x.json')
    assert '\n' not in str(error.value)


def test_values_are_those_of_the_text():
    assert parse_json('{"a": [1, {"b": null}], "c": {"a": 2}}', 'x') == {'a': [1, {'b': None}], 'c': {'a': 2}}


@pytest.mark.parametrize('make', [os.mkfifo, lambda path: os.symlink('/dev/zero', path), os.mkdir])
def test_only_regular_files_are_read(tmp_path, make):
    make(tmp_path / 'x.json')
    with pytest.raises(UserError, match='x.json is a .*, no regular file'):
        read_json(tmp_path / 'x.json')


@pytest.mark.parametrize('error', [KeyError('a'), TypeError('a'), ZeroDivisionError('a'), OverflowError('a'),
                                   ValueError('a\nb'), RuntimeError('a'), AssertionError('a')])
def test_what_content_makes_of_code_is_one_line(error):
    with pytest.raises(UserError, match=rf'^FILE is not what .* \({type(error).__name__}: .*\); REMEDY$'), \
            believed('FILE', 'REMEDY'):
        raise error


def test_a_shortage_and_a_line_of_ours_stay_what_they_are():
    with pytest.raises(ShortageError, match='out of memory'), believed('FILE', 'REMEDY'):
        raise RuntimeError('DefaultCPUAllocator: not enough memory')
    with pytest.raises(UserError, match='^a line$'), believed('FILE', 'REMEDY'):
        raise UserError('a line')
    with pytest.raises(ValueError, match='^on purpose$'), believed('FILE', 'REMEDY', OF_FORM):
        raise ValueError('on purpose')
    with pytest.raises(OSError), believed('FILE', 'REMEDY'):
        raise OSError(errno.EACCES, 'Permission denied')
