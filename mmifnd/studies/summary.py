"""The results of a study: every seed, means and spreads, paired differences, in one schema."""

import json
import time
from pathlib import Path
from typing import Any

from mmifnd.configuration.config import load_config
from mmifnd.configuration.versions import versions
from mmifnd.evaluation.runs import compare_runs, summarise_runs, values_of
from mmifnd.files import write_whole

from .gaps import compare_gaps
from .left_out import left_out
from .plan import Study


def summary_of(study: Study, records: list[dict], command: str) -> dict[str, Any]:
    """All results as plain values.

    ``comparisons`` are those of which at least one pair of runs was measured. ``left_out`` has a sentence for each value that
    is no finite number, and for each comparison and gap that lacks pairs.
    """
    comparisons = [compare_runs(records, *comparison) for comparison in study.comparisons]
    return dict(
        title=study.title, dataset=study.dataset, command=command, created=time.strftime('%Y-%m-%d'),
        versions=versions(), methods={name: _describe(method) for name, method in study.methods.items()},
        measures=study.measures, runs=records, summary=_summary(study, records),
        comparisons=[comparison for comparison in comparisons if comparison is not None],
        left_out=left_out(study, records),
        **(dict(cells=study.cells, gaps=[_gap(study, records, *gap) for gap in study.gaps]) if study.gaps else {}))


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write JSON, whole or not at all."""
    write_whole(path, json.dumps(results, indent=1))


def _summary(study: Study, records: list[dict]) -> dict[str, dict]:
    summaries = {name: {measure: summarise_runs(records, name, measure) for measure in study.measures}
                 for name in study.methods}
    return {name: {measure: summary for measure, summary in of_method.items() if summary is not None}
            for name, of_method in summaries.items()}


def _describe(method) -> dict[str, Any]:
    config = load_config(method.config, dict(method.options))
    return dict(label=method.label, config=method.config, options=method.options,
                temperature=config.model.head.temperature)


def _gap(study: Study, records: list[dict], a: str, b: str, measure: str) -> dict[str, Any]:
    values = {cell: (values_of(records, f'{a}_{cell}', measure), values_of(records, f'{b}_{cell}', measure))
              for cell in study.cells}
    return dict(a=a, b=b, measure=measure, **compare_gaps(values))
