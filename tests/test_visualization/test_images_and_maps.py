import io
import pickle

import numpy as np
import pytest
from matplotlib.figure import Figure

from mmifnd.records.arrays import RecordError
from mmifnd.records.run_record import RunRecord
from mmifnd.visualization import embedding
from mmifnd.visualization.embedding import colors_of_clusters, embedding_figure, fixed_subset, project, stages
from mmifnd.visualization.removed import choose_anchors
from mmifnd.visualization.style import class_colors, figure_style
from mmifnd.visualization.svg import NO_METADATA, RASTER_DPI, _svg_of, marks_of, to_inline_svg


@pytest.fixture
def quick_maps():
    """The maps are what is tested here, in as many iterations as users get."""


@pytest.mark.parametrize('epochs, expected', [([8], [8]), ([8, 16], [8, 16]), ([8, 16, 24, 32, 40], [8, 24, 40])])
def test_stages_are_first_middle_and_last(epochs, expected):
    assert stages(epochs) == expected


def test_subset_is_fixed_and_without_repeats():
    subset = fixed_subset(100, 30)
    np.testing.assert_array_equal(subset, fixed_subset(100, 30))
    assert len(set(subset)) == 30 and subset.max() < 100
    np.testing.assert_array_equal(fixed_subset(5, 30), np.arange(5))


def test_samples_and_centroids_are_fitted_together():
    generator = np.random.default_rng(0)
    centers = np.array([[0., 0.], [30., 0.], [0., 30.]])
    features = np.repeat(centers, 20, axis=0) + generator.normal(size=(60, 2))
    points, crosses = project(features, centers)
    assert points.shape == (60, 2) and crosses.shape == (3, 2)
    nearest = np.linalg.norm(points[:, None] - crosses, axis=-1).argmin(axis=1)
    np.testing.assert_array_equal(nearest, np.repeat(np.arange(3), 20))


def test_clusters_take_the_colour_of_the_class_they_overlap():
    labels = np.array([0, 0, 0, 1, 1, 1])
    colors = colors_of_clusters(np.array([1, 1, 2, 0, 0, 0]), labels, 3)
    np.testing.assert_allclose(colors[[0, 1]], class_colors(2)[[1, 0]])
    np.testing.assert_allclose(colors[2, :3], 0.6 * class_colors(2)[0, :3])


def test_columns_are_epochs_and_rows_are_classes_and_pseudo_labels(run_dir, labels):
    figure = embedding_figure(RunRecord.load(run_dir), labels, [8, 32], size=40)
    assert len(figure.axes) == 4 and all(marks_of(axes) for axes in figure.axes)
    assert all(len(axes.collections[0].get_offsets()) == 40 for axes in figure.axes)
    assert len(figure.axes[2].collections[1].get_offsets()) == 3
    svg = to_inline_svg(figure, 'f1-')
    assert svg.markup.count('<image') == 4, 'each axes has its dots as one picture'


def test_unaccepted_images_are_grey(run_dir, labels):
    record = RunRecord.load(run_dir)
    dots = embedding_figure(record, None, [8]).axes[0].collections[0].get_facecolors()
    grey = (dots == embedding.to_rgba(embedding.UNACCEPTED)).all(axis=1)
    assert grey.sum() == (record.snapshot(8).labels[0] < 0).sum() > 0


def test_map_needs_features_and_labels_that_fit(run_dir, tmp_path, labels, write_run):
    with pytest.raises(ValueError, match='7 labels for a snapshot of 60 images'):
        embedding_figure(RunRecord.load(run_dir), labels[:7], [8])
    bare = RunRecord.load(write_run(tmp_path / 'bare', with_features=False))
    for epochs in (None, [8]):
        with pytest.raises(RecordError, match='keeps? (no )?features'):
            embedding_figure(bare, labels, epochs)


def test_anchors_have_company_and_come_from_different_clusters():
    pseudo_labels = np.array([0, 0, 1, 2, 2, 2, -1, -1])
    anchors = choose_anchors(pseudo_labels)
    np.testing.assert_array_equal(np.sort(pseudo_labels[anchors]), [0, 2])


def test_a_figure_that_is_drawn_once_is_what_savefig_writes():
    with figure_style():
        figure, buffer = Figure(layout='constrained', facecolor='red'), io.StringIO()
        curve, field = figure.subplots(1, 2)
        curve.plot([0, 1000], [0, 1], label='a')
        curve.legend()
        for axes in (curve, field):
            axes.set_facecolor('blue')
        figure.colorbar(field.imshow(np.eye(3)), label='b')
        pickle.loads(pickle.dumps(figure)).savefig(
            buffer, format='svg', dpi=RASTER_DPI, metadata=NO_METADATA, transparent=True)
        assert _svg_of(figure) == buffer.getvalue()
