"""What becomes of a figure's markup on its way into a page: attributes change, and what the figure says does not."""

import re
from html import unescape

import pytest

from mmifnd.visualization.style import INK, TONES, VERMILLION, new_figure
from mmifnd.visualization.svg import to_inline_svg


@pytest.fixture
def markup_of():
    """Function (label): the markup of a figure with a line, a clipped one, and ``label`` as title and name of an axis."""

    def draw(label):
        figure = new_figure(3, 2, label)
        axes = figure.add_subplot()
        axes.plot([1, 2], [3, 4], color=VERMILLION.neutral)
        axes.set_xlabel(label)
        return to_inline_svg(figure, 'p-').markup

    return draw


@pytest.mark.parametrize('label', ['url(#3)', 'href="#4"', f'{INK.neutral} {VERMILLION.neutral}', 'a id="z', '<b id="c">#'])
def test_labels_say_what_they_said(markup_of, label):
    markup = markup_of(label)
    texts = [unescape(text) for text in re.findall(r'<text[^>]*>([^<]*)</text>', markup)]
    assert texts.count(label) == 2
    plain = markup_of('x')
    assert re.sub(r'>[^<]*<', '><', markup).count('id="p-') == plain.count('id="p-') > 10


def test_attributes_are_those_of_the_page(markup_of):
    markup = markup_of('x')
    assert set(re.findall(r'\bid="(..)', markup)) == set(re.findall(r'(?:url\(|href=")#(..)', markup)) == {'p-'}
    assert not any(tone.neutral in markup for tone in TONES) and f'var({VERMILLION.variable})' in markup
