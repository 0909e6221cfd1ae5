"""Characters that no font has: nobody meets a box without a word."""

import pytest
from matplotlib import font_manager

from mmifnd.visualization import fonts
from mmifnd.visualization.fonts import families, named, unwritten
from mmifnd.visualization.page import Page
from mmifnd.visualization.picture import save_picture
from mmifnd.visualization.style import figure_style, new_figure

RARE = '\N{CUNEIFORM SIGN A}\N{CUNEIFORM SIGN AB}'  # of no font in the list


def figure_with(text):
    with figure_style():
        figure = new_figure(2, 1)
        figure.add_subplot().set_title(text)
    return figure


def test_what_the_first_font_has_is_written_and_the_rest_is_named():
    assert families()[0] == 'DejaVu Sans' and unwritten('Ünïcödé Ω Ж →\n\t') == ''
    assert unwritten(f'b{RARE}a{RARE}') == RARE
    assert named(RARE) == ' '.join(RARE) and named('x' * 20).endswith('x and 8 more')


def test_fonts_that_are_installed_are_asked_in_their_order(monkeypatch):
    entries = [font_manager.FontEntry(name=name) for name in ('WenQuanYi Zen Hei', 'Comic', 'Noto Sans CJK JP')]
    monkeypatch.setattr(font_manager.fontManager, 'ttflist', entries)
    families.cache_clear()
    try:
        assert families() == ('DejaVu Sans', 'Noto Sans CJK JP', 'WenQuanYi Zen Hei')
    finally:
        families.cache_clear()


@pytest.mark.filterwarnings('error')
def test_a_picture_and_a_page_say_which_characters_are_boxes(tmp_path, capsys):
    save_picture(figure_with(f'class {RARE}'), tmp_path / 'sheet.png')
    assert f'sheet.png: boxes are drawn for {RARE[0]} {RARE[1]}, which no font has' in capsys.readouterr().err
    page = Page('Report', 'run')
    page.wide(figure_with(f'class {RARE}'), 'A sheet.', 'A sheet.')
    assert page.html().count(fonts.named(RARE)) == 1 and 'A browser without one shows boxes in their place' in page.html()


def test_nothing_is_said_if_all_can_be_written(tmp_path, capsys):
    save_picture(figure_with('class A'), tmp_path / 'sheet.png')
    page = Page('Report', 'Übung')
    page.wide(figure_with('class A'), 'A sheet.', 'A sheet.')
    assert not capsys.readouterr().err and 'boxes' not in page.html()
