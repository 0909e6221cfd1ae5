"""Synthetic records of runs and of a study, small enough to draw in seconds."""

import json
from functools import partial

import numpy as np
import pytest

from mmifnd.records.lines import add_record
from mmifnd.records.names import DETECTION, HISTORY, folder_of
from mmifnd.records.snapshot import write_snapshot
from mmifnd.records.steps import Removed, write_steps

NUM_IMAGES, NUM_CLASSES = 60, 3
CLUSTER_COUNTS = (3, 6)


@pytest.fixture(scope='session')
def labels():
    return np.repeat(np.arange(NUM_CLASSES), NUM_IMAGES // NUM_CLASSES)


@pytest.fixture(scope='session')
def images():
    return np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 3, 8, 8), dtype=np.uint8)


def history_entry(epoch, seed=0):
    granularities = [dict(num_clusters=count, accepted_share=epoch / 40, cluster_size_min=5 + seed,
                          cluster_size_max=30 + seed, empty_clusters=0, confidence_threshold=0.5,
                          nmi=30. + epoch + seed, mtpr=float(epoch), mtnr=99.) for count in CLUSTER_COUNTS]
    return dict(epoch=epoch, progress=epoch / 40, rate=epoch / 40, seconds_features=0.1, seconds_clustering=0.1,
                share_of_training_time=0.05, granularities=granularities, false_negative_share=epoch / 400)


def detection_entry(epoch, seed=0):
    scores = dict(precision_micro=80. - epoch + seed, recall_micro=2. * epoch + seed, f1_micro=1. * epoch + seed)
    others = {key.replace('micro', kind): value / 2 for kind in ('macro', 'paper') for key, value in scores.items()}
    return dict(epoch=epoch, **scores, **others, predicted_share=epoch / 4, true_share=33. + seed / 10)


def write_detection(work_dir, seed=0, epochs=range(1, 33), share=None):
    path = folder_of(work_dir) / DETECTION
    for epoch in epochs:
        add_record(path, {**detection_entry(epoch, seed), **({} if share is None else dict(predicted_share=share))})
    return path


@pytest.fixture(name='write_detection', scope='session')
def writer_of_detection():
    """Function (work_dir, seed, epochs, share) -> path of the scores of training's masks; share: that detected."""
    return write_detection


@pytest.fixture(scope='session')
def replace_arrays():
    """Function (path, **arrays) that changes arrays of an .npz file; None takes one out."""
    def replace(path, **arrays):
        with np.load(path) as archive:
            kept = {key: archive[key] for key in archive.files}
        kept.update(arrays)
        np.savez(path, **{key: array for key, array in kept.items() if array is not None})

    return replace


@pytest.fixture(scope='session')
def learned():
    """Thresholds of a snapshot: every second image is an anchor, all of which are 0.1 too high, but one unseen."""
    exact = np.linspace(0.2, 0.8, NUM_IMAGES, dtype=np.float32)
    thresholds = exact + np.float32(0.1)
    thresholds[4] = np.nan
    anchors = np.arange(0, NUM_IMAGES, 2)
    return dict(thresholds=thresholds, exact_thresholds=exact[anchors], threshold_anchors=anchors)


def add_snapshot(folder, epoch, labels, with_features=True):
    generator = np.random.default_rng(epoch)
    centers = generator.normal(size=(max(CLUSTER_COUNTS), 4))
    features = centers[labels] + 0.3 * generator.normal(size=(len(labels), 4))
    assignments = np.stack([labels % count for count in CLUSTER_COUNTS]).astype(np.int32)
    confidence = generator.random(assignments.shape).astype(np.float32)
    write_snapshot(
        folder, epoch, epoch / 40, np.where(confidence > 0.5, assignments, -1), assignments, confidence,
        [centers[:count].astype(np.float32) for count in CLUSTER_COUNTS], features if with_features else None)


def add_steps(work_dir, epoch=32, anchors=(0, 25, 50), threshold=.5, num_images=NUM_IMAGES):
    """What the steps of an epoch removed: for each anchor the ten images behind it; the first anchor lost nothing."""
    similarities = np.linspace(.9, .6, 10, dtype=np.float32)
    counts = [0, *[10] * (len(anchors) - 1)]
    return write_steps(folder_of(work_dir), epoch, num_images, [
        Removed(anchor, (anchor + 1 + np.arange(count)) % num_images, similarities[:count], threshold, count / 20)
        for anchor, count in zip(anchors, counts, strict=True)])


@pytest.fixture(name='write_steps', scope='session')
def writer_of_steps():
    """Function (work_dir, **options) -> path of what training steps removed; options as in the function above."""
    return add_steps


def write_run(work_dir, labels, epochs=(8, 16, 24, 32), seed=0, clusters=True, with_features=True):
    """A run as the hook leaves it; ``clusters=False`` for a baseline, which has a training curve only."""
    folder = folder_of(work_dir)
    folder.mkdir(parents=True)
    steps = [dict(step=10 * step, epoch=1 + step // 2, loss=3. - 0.02 * step + 0.05 * seed) for step in range(64)]
    (work_dir / 'scalars.jsonl').write_text(''.join(json.dumps(step) + '\n' for step in steps))
    for epoch in epochs if clusters else ():
        add_record(folder / HISTORY, history_entry(epoch, seed))
        add_snapshot(folder, epoch, labels, with_features)
    return work_dir


@pytest.fixture(name='write_run', scope='session')
def writer_of_runs(labels):
    """Function (work_dir, **options) -> work_dir that writes a run; options as in the function above."""
    return partial(write_run, labels=labels)


@pytest.fixture
def run_dir(tmp_path, labels):
    return write_run(tmp_path / 'run', labels)


@pytest.fixture(scope='session')
def make_study(labels):
    """Function (directory) -> results and directory of a study."""
    return partial(write_study, labels=labels)


@pytest.fixture
def study(tmp_path, make_study):
    return make_study(tmp_path / 'study')


def write_study(out_dir, labels):
    """A study of two methods with three seeds: a baseline without clusterings, and IFND with one map of features."""
    measures = dict(one_shot=dict(label='1-shot accuracy', unit='%', higher_is_better=True))
    methods = dict(simclr=dict(label='SimCLR', config='configs/a.py', temperature=0.2),
                   ifnd_linear=dict(label='IFND <b>linear</b> & $x_1$', config='configs/b.py', temperature=0.2))
    runs, summary = [], {}
    for order, method in enumerate(methods):
        values = [70. + order + seed for seed in range(3)]
        for seed, value in enumerate(values):
            work_dir = f'{method}/seed_{seed}'
            write_run(out_dir / work_dir, labels, seed=seed, clusters=order > 0, with_features=seed == 0)
            runs.append(dict(method=method, seed=seed, work_dir=work_dir, seconds=8., measures=dict(one_shot=value)))
        summary[method] = dict(one_shot=dict(mean=float(np.mean(values)), std=1., n=3))
    comparisons = [dict(a='ifnd_linear', b='simclr', measure='one_shot', mean_difference=1., p_one_sided=0.0004, n=3)]
    results = dict(title='A <script>study</script>', command='python tools/study.py --seeds "0 1"', created='today',
                   versions=dict(torch='2.9'), dataset='digits', methods=methods, measures=measures, runs=runs,
                   summary=summary, comparisons=comparisons)
    return results, out_dir
