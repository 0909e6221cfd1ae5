"""A report of a study shows no mean and no test that its runs do not have."""

import copy
import json
import math
from pathlib import Path

import pytest

from mmifnd.cli.report import read_results
from mmifnd.errors import UserError

VALUES = dict(a=[70., 71., math.nan], b=[60., 62., 61.])
RESULTS = dict(
    title='T', methods=dict(a=dict(label='A'), b=dict(label='B')), measures=dict(knn=dict(label='kNN', unit='%')),
    runs=[dict(method=name, seed=seed, work_dir=f'{name}/seed_{seed}', measures=dict(knn=value))
          for name, values in VALUES.items() for seed, value in enumerate(values)],
    summary=dict(a=dict(knn=dict(mean=70.5, std=0.5**0.5, n=2)), b=dict(knn=dict(mean=61., std=1., n=3))),
    comparisons=[dict(a='a', b='b', measure='knn', mean_difference=9.5, p_one_sided=math.atan(1 / 19) / math.pi, n=2)])


def read(tmp_path, results):
    (tmp_path / 'results.json').write_text(json.dumps(results))
    return read_results(tmp_path / 'results.json')


def test_what_follows_from_the_runs_is_read(tmp_path):
    assert read(tmp_path, RESULTS)['summary'] == RESULTS['summary']
    assert read(tmp_path, dict(runs=RESULTS['runs']))['runs'][0] == RESULTS['runs'][0]


@pytest.mark.parametrize('name', ['digits', 'glofnd_frameworks_digits'])  # the latter has values of four decimals
def test_published_results_are_read(name):
    assert read_results(Path(f'docs/results/{name}.json'))['runs']


@pytest.mark.parametrize('place, value, words', [
    (('summary', 'a', 'knn', 'mean'), 99.9, 'the mean of knn of a is 99.9, and the runs give 70.5; repair what was changed'),
    (('summary', 'a', 'knn', 'mean'), '70.5', "the mean of knn of a is '70.5'"),
    (('summary', 'a', 'knn', 'mean'), True, 'the mean of knn of a is True'),
    (('summary', 'a', 'knn', 'mean'), math.nan, 'the mean of knn of a is nan'),
    (('summary', 'a', 'knn', 'std'), None, 'the std of knn of a is None'),
    (('summary', 'b', 'knn', 'n'), 7, 'the n of knn of b is 7'),
    (('summary', 'b', 'knn'), None, 'the mean of knn of b is None, and the runs give 61;'),
    (('summary', 'b', 'nmi'), dict(mean=5., std=None, n=1), 'the mean of nmi of b is 5.0, and the runs give None'),
    (('summary', 'c'), dict(knn=dict(mean=5., std=None, n=1)), 'the mean of knn of c is 5.0, and the runs give None'),
    (('summary', 'b'), {}, 'the mean of knn of b is None'), (('summary', 'b'), [5], 'is not what this version'),
    (('summary',), [], 'is not what this version'), (('comparisons', 0), 5, 'is not what this version'),
    (('comparisons', 0, 'mean_difference'), 19.5, 'the mean_difference of knn of a against b is 19.5, and the runs give 9.5'),
    (('comparisons', 0, 'p_one_sided'), 1e-9, 'the p_one_sided of knn of a against b is 1e-09'),
    (('comparisons', 0, 'measure'), 'nmi', 'of nmi of a against b is 9.5, and the runs give None')])
def test_what_does_not_follow_from_the_runs_is_refused(tmp_path, place, value, words):
    results = copy.deepcopy(RESULTS)
    *parents, last = place
    holder = results
    for key in parents:
        holder = holder[key]
    holder[last] = value
    with pytest.raises(UserError, match=words) as error:
        read(tmp_path, results)
    assert 'results.json' in str(error.value) and '\n' not in str(error.value)
