"""Which subcommands there are, and how one is run."""

import argparse
import shlex
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import mmifnd
from mmifnd.configuration.errors import one_line_errors
from mmifnd.console import STREAMS, escaping, lasting, shown_output
from mmifnd.errors import near_matches


class Command(NamedTuple):
    """A subcommand.

    Attributes:
        module: in ``mmifnd.cli``, with ``add_arguments(parser)`` and ``run(args)``, which returns the exit status or None. A
            function ``has_begun(args)`` tells when an error is no longer one of the input.
        help: one line for ``mmifnd --help``.
        is_in_files: whether all that it prints stands in files, too, so that it goes on where standard output is lost.
        tool: the file below ``tools/`` that runs it, without ``.py``, if any.
    """

    module: str
    help: str
    tool: str = ''
    is_in_files: bool = False


#: By name, in the order of ``mmifnd --help``.
COMMANDS = {
    'pretrain': Command('pretrain', 'pre-train on a folder of images; settings follow from their number', is_in_files=True),
    'inspect': Command('inspect', 'look at a folder of images: sizes, depth; flat, equal, broken and left-out ones'),
    'train': Command('train', 'train a config', 'train', is_in_files=True),
    'test': Command('test', 'judge a checkpoint by a config', 'test'),
    'evaluate': Command('evaluate', 'judge a checkpoint by the config beside it'),
    'audit': Command('audit', 'estimate the share of false negatives before any training', 'audit', is_in_files=True),
    'extract-features': Command('extract_features', 'write features of a training set to a file, such as for GuideDetector',
                                'extract_features'),
    'compare': Command('compare', 'compare methods on a folder of classes, each at its own temperature',
                       is_in_files=True),
    'study': Command('study', 'compare methods over seeds: table, results.json, report.html', 'study', is_in_files=True),
    'select-temperature': Command('select_temperature', "choose each method's temperature on the validation split of a study",
                                  'select_temperature', is_in_files=True),
    'compare-results': Command('compare_results', 'put results side by side in a Markdown table', 'compare_results'),
    'significance': Command('significance', 'test whether one set of results is better than another', 'significance'),
    'report': Command('report', 'write or check a report of what runs detected as false negatives', 'report'),
    'contact-sheet': Command('contact_sheet', 'draw anchors and the negatives that a run removed for them',
                             'visualization/contact_sheet'),
    'group-accuracy': Command('group_accuracy', 'draw the accuracy of probes on coarser and finer groups of classes',
                              'visualization/group_accuracy'),
    'group-examples': Command('group_examples', 'draw images of a few groups of classes', 'visualization/group_examples'),
    'views': Command('views', 'draw training images of a config and their augmented views', 'visualization/browse_views'),
    'schedules': Command('schedules', 'draw what a config changes over its epochs', 'visualization/schedules'),
    'export': Command('export_backbone', 'write the backbone of a checkpoint in the layout of another project',
                      'model_converters/export_backbone'),
    'import': Command('import_checkpoint', 'convert a public checkpoint into one of mmifnd',
                      'model_converters/import_checkpoint'),
    'doctor': Command('doctor', 'look at versions, GPUs, kernels, extras, port, shared memory and disk'),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``mmifnd SUBCOMMAND [arguments]``.

    Args:
        arguments: those after ``mmifnd``; if None, those of the process.

    Returns:
        int: the exit status; 2 for a subcommand that is missing or unknown.
    """
    name, *others = (sys.argv[1:] if arguments is None else arguments) or ['']
    if name in ('-h', '--help', '--version'):
        with one_line_errors(), escaping(), shown_output():
            print(f'mmifnd {mmifnd.__version__}' if name == '--version' else _help())
        return 0
    if name in COMMANDS:
        return run_command(name, others, f'mmifnd {name}')
    if name:
        problem = f'mmifnd has no subcommand {name}{near_matches(name, COMMANDS) or "; see mmifnd --help"}'
    else:
        problem = f'mmifnd needs a subcommand: {", ".join(COMMANDS)}; see mmifnd --help'
    print(f'error: {problem}', file=sys.stderr)
    return 2


def run_command(name: str, arguments: Sequence[str], program: str) -> int:
    """Run one subcommand; bad input ends the process with status 2 and one line.

    Args:
        name: a key of :data:`COMMANDS`.
        arguments: those after the name.
        program: how it was called, such as ``'mmifnd train'``; results keep it with the arguments.

    Returns:
        int: the exit status.
    """
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')  # of mmcv-lite; not used here
    module = import_module(f'{__package__}.{COMMANDS[name].module}')
    parser = argparse.ArgumentParser(prog=program, description=module.__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_arguments(parser)
    args = argparse.Namespace(command=shlex.join([*program.split(), *arguments]))
    has_begun = getattr(module, 'has_begun', lambda args: False)
    streams = STREAMS if COMMANDS[name].is_in_files else ('stderr',)
    with escaping(), lasting(*streams), one_line_errors(started=lambda: has_begun(args)), shown_output():
        return module.run(parser.parse_args(arguments, args)) or 0


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f'  {name:{width}}  {command.help}' for name, command in COMMANDS.items()]
    return '\n'.join([f'usage: mmifnd SUBCOMMAND [arguments]      (mmifnd {mmifnd.__version__})', '',
                      'Contrastive pre-training without false negatives.', '', *lines, '',
                      'Arguments of a subcommand: mmifnd SUBCOMMAND --help. A config is a file, or the name of a shipped one,',
                      'such as ifnd/ifnd_simclr_digits.'])
