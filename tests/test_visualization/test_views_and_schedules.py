import numpy as np
import pytest

from mmifnd.visualization.schedules import Schedule, schedules_figure
from mmifnd.visualization.views import views_figure


def test_a_row_an_image_a_column_a_view_in_proportion():
    generator = np.random.default_rng(0)
    rows = [[generator.integers(0, 256, (3, side, side), dtype=np.uint8) for side in (50, 32, 16)] for _ in range(2)]
    figure = views_figure(rows)
    assert len(figure.axes) == 6
    assert [axes.get_title(loc='center') for axes in figure.axes[:3]] == ['image', 'view 1', 'view 2']
    widths = [abs(np.diff(axes.get_xlim())[0]) for axes in figure.axes[:3]]
    assert widths == [50, 32, 32]  # the view of 16 pixels lies in a field of 32
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), rows[0][1].transpose(1, 2, 0))


def test_grey_pictures():
    figure = views_figure([[np.zeros((1, 8, 8), np.uint8)] * 2])
    assert figure.axes[0].images[0].get_array().shape == (8, 8)


@pytest.mark.parametrize('rows', [[], [[]], [[np.zeros((1, 4, 4), np.uint8)], []]])
def test_rows_must_be_of_one_length(rows):
    with pytest.raises(ValueError, match='expected at least one row, all of one length'):
        views_figure(rows)


def test_a_panel_a_schedule_over_the_same_epochs():
    epochs = np.arange(5)
    rate, accepted = Schedule('Learning rate', epochs, epochs / 4), Schedule('Accepted (%)', epochs, epochs * 25., held=True)
    figure = schedules_figure([rate, accepted])
    assert [axes.get_title(loc='left') for axes in figure.axes] == ['Learning rate', 'Accepted (%)']
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim() == (0, 4)
    assert [axes.lines[0].get_drawstyle() for axes in figure.axes] == ['default', 'steps-post']
    assert figure.axes[1].get_xlabel() == 'epoch' and all(axes.get_ylim()[0] == 0 for axes in figure.axes)
    with pytest.raises(ValueError, match='nothing to draw'):
        schedules_figure([])
