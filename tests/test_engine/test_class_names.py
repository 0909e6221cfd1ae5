"""Two data sets that number their classes by their folders."""

import pytest

from mmifnd.engine.metrics.class_names import class_difference


@pytest.mark.parametrize('train, test', [(('a', 'b'), ['a', 'b']), ((), ('a',)), (('a',), None)])
def test_nothing_speaks_against(train, test):
    assert class_difference(train, test) == ''


@pytest.mark.parametrize('train, test, words', [
    ('abcd', 'acd', 'the test images lack 1 of the 4 classes of the training images, such as b'),
    ('ab', 'abcd', 'the training images lack 2 of the 4 classes of the test images, such as c'),
    ('ab', 'ba', 'the test images have the classes of the training images in another order')])
def test_says_what_differs(train, test, words):
    assert class_difference(tuple(train), tuple(test)) == f'{words}; labels would not mean the same'
