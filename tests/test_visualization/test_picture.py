import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex

from mmifnd.visualization.group_bars import grouping_figure, groupings_of
from mmifnd.visualization.picture import save_picture
from mmifnd.visualization.style import FAINT, GRID, INK, VERMILLION


def test_a_picture_has_the_colours_of_a_light_page(tmp_path):
    measures = dict(a_top1=60., a_balanced=55., a_majority=30., a_groups=10.)
    figure = grouping_figure(groupings_of(dict(simclr=[measures], ifnd=[measures, measures])))
    save_picture(figure, tmp_path / 'bars.svg')
    text = (tmp_path / 'bars.svg').read_text()
    for tone in (INK, FAINT, GRID, VERMILLION):
        assert tone.light in text, tone
    for tone in (INK, FAINT, GRID):
        assert f'stroke: {tone.neutral}' not in text and f'fill: {tone.neutral}; text' not in text, tone
    save_picture(figure, tmp_path / 'bars.png')
    pixels = matplotlib.image.imread(tmp_path / 'bars.png')
    assert np.median(pixels) == 1. and pixels[..., :3].min() < .2, 'dark ink on white'


def test_edges_of_one_tone_are_recoloured_and_those_of_several_are_left(tmp_path):
    figure, axes = plt.subplots()
    one = axes.scatter([0, 1], [0, 1], edgecolors=INK.neutral)
    several = axes.scatter([0, 1], [1, 0], edgecolors=[INK.neutral, VERMILLION.neutral])
    before = several.get_edgecolor().copy()
    save_picture(figure, tmp_path / 'points.svg')
    assert to_hex(one.get_edgecolor()[0]) == INK.light and (several.get_edgecolor() == before).all()
