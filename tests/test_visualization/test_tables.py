"""Tables of a report."""

import re

import pytest

from mmifnd.visualization.tables import results_table


def results_of(higher_is_better, **means):
    summary = {name: {} if mean is None else dict(mtnr=dict(mean=mean, std=None, n=1)) for name, mean in means.items()}
    return dict(methods={name: dict(label=name) for name in means}, runs=[], summary=summary,
                measures=dict(mtnr=dict(label='MTNR', unit='%', higher_is_better=higher_is_better)))


def bold_of(markup):
    return re.findall(r'<tr><td class="text">(\w+)</td><td>0</td><td class="best">', markup)


@pytest.mark.parametrize('higher, means, bold', [
    (True, dict(simclr=99.99, oracle=100., ifnd=99.94), ['simclr', 'oracle']),
    (True, dict(simclr=99.96, oracle=99.9, ifnd=None), ['simclr']),
    (False, dict(simclr=.04, oracle=-.04, ifnd=.06), ['simclr', 'oracle']),
    (None, dict(simclr=1., oracle=1.), []), (True, dict(simclr=1., oracle=None), [])])
def test_all_that_equal_the_best_to_the_digits_shown_are_bold(higher, means, bold):
    assert bold_of(results_table(results_of(higher, **means))) == bold
