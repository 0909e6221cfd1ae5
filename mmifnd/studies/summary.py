"""The results of a study: every seed, means and spreads, paired differences, in one schema."""

import json
import time
from pathlib import Path
from typing import Any

from mmifnd.configuration.config import load_config
from mmifnd.configuration.versions import versions
from mmifnd.evaluation import paired_t_test, summarise
from mmifnd.files import write_whole

from .gaps import compare_gaps
from .plan import Study


def summary_of(study: Study, records: list[dict], command: str) -> dict[str, Any]:
    """All results as plain values."""
    return dict(
        title=study.title, dataset=study.dataset, command=command, created=time.strftime('%Y-%m-%d'),
        versions=versions(), methods={name: _describe(method) for name, method in study.methods.items()},
        measures=study.measures, runs=records, summary=_summary(study, records),
        comparisons=[_compare(records, *comparison) for comparison in study.comparisons],
        **(dict(cells=study.cells, gaps=[_gap(study, records, *gap) for gap in study.gaps]) if study.gaps else {}))


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write JSON, whole or not at all."""
    write_whole(path, json.dumps(results, indent=1))


def values_of(records: list[dict], method: str, measure: str) -> dict[int, float]:
    """The value of each seed that has one."""
    runs = (r for r in records if r['method'] == method and measure in r['measures'])
    return {run['seed']: run['measures'][measure] for run in runs}


def _summary(study: Study, records: list[dict]) -> dict[str, dict]:
    summary: dict[str, dict] = {}
    for name in study.methods:
        summary[name] = {}
        for measure in study.measures:
            values = list(values_of(records, name, measure).values())
            if values:
                summarised = summarise(values)
                summary[name][measure] = dict(mean=summarised.mean, std=summarised.standard_deviation, n=len(values))
    return summary


def _describe(method) -> dict[str, Any]:
    config = load_config(method.config, dict(method.options))
    return dict(label=method.label, config=method.config, options=method.options,
                temperature=config.model.head.temperature)


def _compare(records: list[dict], a: str, b: str, measure: str) -> dict[str, Any]:
    of_a, of_b = values_of(records, a, measure), values_of(records, b, measure)
    both = [seed for seed in of_a if seed in of_b]
    test = paired_t_test([of_a[seed] for seed in both], [of_b[seed] for seed in both])
    return dict(a=a, b=b, measure=measure, **test)


def _gap(study: Study, records: list[dict], a: str, b: str, measure: str) -> dict[str, Any]:
    values = {cell: (values_of(records, f'{a}_{cell}', measure), values_of(records, f'{b}_{cell}', measure))
              for cell in study.cells}
    return dict(a=a, b=b, measure=measure, **compare_gaps(values))
