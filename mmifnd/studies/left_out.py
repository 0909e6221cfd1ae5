"""Which values and pairs of runs the results of a study do without."""

from collections.abc import Collection, Iterator

from mmifnd.evaluation.runs import is_measured, values_of

from .plan import Study


def left_out(study: Study, records: list[dict]) -> list[str]:
    """One sentence per method and measure with values that are no finite number, and per comparison that lacks pairs."""
    pairs = [(a, b, measure) for a, b, measure in study.comparisons]
    pairs += [(f'{a}_{cell}', f'{b}_{cell}', measure) for a, b, measure in study.gaps for cell in study.cells
              if {f'{a}_{cell}', f'{b}_{cell}'} <= set(study.methods)]
    return [*_values(study, records), *(line for pair in dict.fromkeys(pairs) for line in _pairs(study, records, *pair))]


def _values(study: Study, records: list[dict]) -> Iterator[str]:
    for name, method in study.methods.items():
        for measure, entry in study.measures.items():
            wrong = {run['seed']: run['measures'][measure] for run in records if run['method'] == name
                     and measure in run['measures'] and not is_measured(run['measures'][measure])}
            if wrong:
                values = ', '.join(dict.fromkeys(map(str, wrong.values())))
                yield f'{method.label}, {entry["label"]}: {values} in {_seeds(wrong)}, which counts as not measured'


def _pairs(study: Study, records: list[dict], a: str, b: str, measure: str) -> Iterator[str]:
    labels = {name: study.methods[name].label for name in (a, b)}
    comparison = f'{labels[a]} - {labels[b]}, {study.measures[measure]["label"]}'
    seeds = {name: {run['seed'] for run in records if run['method'] == name} for name in (a, b)}
    missing = {name: seeds[name] - set(values_of(records, name, measure)) for name in (a, b)}
    both = seeds[a] & seeds[b]
    unpaired = both & (missing[a] | missing[b])
    if not both - unpaired:
        yield (f'{comparison}: not compared, no seed was measured of both; configure {measure} for both, or leave out the '
               'comparison')
    elif unpaired:
        reasons = ' and '.join(f'{labels[name]} in {_seeds(missing[name] & both)}' for name in (a, b) if missing[name] & both)
        yield f'{comparison}: {_seeds(unpaired)} left out, not measured of {reasons}'


def _seeds(seeds: Collection[int]) -> str:
    return f'seed{"s" if len(seeds) > 1 else ""} {", ".join(map(str, sorted(seeds)))}'
