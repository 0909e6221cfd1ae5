"""What step.py found, as tables and sentences."""

from dataclasses import asdict

from measure import MIB, Spread, ratio
from rich.console import Console
from rich.table import Table


def show_steps(figures: list[dict], console: Console) -> None:
    """Medians of whole steps with ratios."""
    table = Table('framework', 'step', 'median ms', 'quartiles', 'ratio', 'of', 'quartiles', title='one training step')
    for one in figures:
        times = one['step_seconds']
        without = times['without']
        for name, own in times.items():
            spread, against = Spread.of([1000 * t for t in own]), None
            if name == 'with':
                against = ratio(own, without), 'with / without'
            elif name == 'mmpretrain':
                against = ratio(without, own), 'without / mmpretrain'
            table.add_row(one['framework'], name, f'{spread.median:.1f}', f'{spread.low:.1f} to {spread.high:.1f}',
                          *(('', '', '') if against is None else ratio_cells(*against)))
    console.print(table)


def ratio_cells(spread: Spread, label: str) -> tuple[str, str, str]:
    """The cells of a ratio, what it is of, and its quartiles."""
    return f'{spread.median:.3f}', label, f'{spread.low:.3f} to {spread.high:.3f}'


def show_heads(figures: list[dict], console: Console) -> None:
    """The head alone, and what the false-negative part adds to a step."""
    columns = 'framework', 'images', 'head', 'median ms', 'quartiles', 'saved MiB', 'peak MiB'
    table = Table(*columns, title='the head alone: loss and gradient of given similarities')
    for one in figures:
        for head in one['heads']:
            for name, own in head['seconds'].items():
                spread = Spread.of([1000 * t for t in own])
                table.add_row(
                    one['framework'], str(head['images']), name,
                    f'{spread.median:.2f}', f'{spread.low:.2f} to {spread.high:.2f}',
                    f'{head["saved_bytes"][name] / MIB:.1f}', f'{head["peak_bytes"][name] / MIB:.1f}')
    console.print(table)


def show_summary(one: dict, batch_size: int, console: Console) -> None:
    """What the false-negative part adds, with minus without."""
    step = Spread.of(one['step_seconds']['without']).median
    for head in one['heads']:
        added = Spread.of([a - b for a, b in zip(head['seconds']['with'], head['seconds']['without'])]).median
        share = f' ({100 * added / step:.2f} % of a step)' if head['images'] == batch_size else ''
        saved, peak = (more(head[key]) for key in ('saved_bytes', 'peak_bytes'))
        console.print(f'{one["framework"]}, {head["images"]} images: the false-negative part adds {1000 * added:.2f} ms{share} '
                      f'to the head, {saved} kept for backward, {peak} at the peak of the head', soft_wrap=True)
    console.print(f'{one["framework"]}: {one["kept_bytes"] / MIB:.1f} MiB of state per image are kept throughout',
                  soft_wrap=True)
    if one['step_peak_bytes']:
        console.print(f'{one["framework"]}: {more(one["step_peak_bytes"])} at the peak of the step', soft_wrap=True)


def more(nbytes: dict[str, int]) -> str:
    """With minus without."""
    return f'{(nbytes["with"] - nbytes["without"]) / MIB:.1f} MiB more'


def ratios(one: dict) -> dict:
    """The ratios of the table, as plain values."""
    times = one['step_seconds']
    found = dict(with_without=asdict(ratio(times['with'], times['without'])))
    if 'mmpretrain' in times:
        found.update(without_mmpretrain=asdict(ratio(times['without'], times['mmpretrain'])))
    return dict(framework=one['framework'], **found)
