import pytest

from mmifnd.datasets import prompts_of, read_classes, read_templates
from mmifnd.errors import UserError


def test_files_and_lists(tmp_path):
    (tmp_path / 'templates.txt').write_text('\ufeffa {}.\n\n  my {}  \n')
    assert read_templates(str(tmp_path / 'templates.txt')) == ['a {}.', 'my {}']
    (tmp_path / 'classes.txt').write_text('red fox\nowl\n')
    assert prompts_of(read_classes(str(tmp_path / 'classes.txt')), ['a {}.', 'my {}']) == [
        'a red fox.', 'my red fox', 'a owl.', 'my owl']


@pytest.mark.parametrize('call, words', [
    (lambda: read_templates([1]), 'templates must be texts'),
    (lambda: read_classes(['cat', ' ']), 'classes must be texts'),
    (lambda: read_classes('imagenet1k'), "classes=imagenet1k is neither 'imagenet' nor a file")])
def test_what_is_no_text_is_refused(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_what_comes_with_open_clip():
    pytest.importorskip('open_clip')
    assert len(read_templates('openai')) == 80 and read_templates('simple')[0] == 'itap of a {}.'
    names = read_classes('imagenet')
    assert len(names) == 1000 and names[0] == 'tench'
