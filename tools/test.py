"""Judge a checkpoint: a pre-training config gives kNN, few-shot and linear accuracy, NMI, MTPR and MTNR; a benchmark
config what mmpretrain gives.

    python tools/test.py configs/ifnd/ifnd_simclr_digits.py work_dirs/ifnd_simclr_digits/epoch_40.pth
"""

import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mmifnd.configuration import TESTING, build_runner, check_testing, one_line_errors  # noqa: E402
from mmifnd.configuration.command_line import base_parser, config_of  # noqa: E402
from mmifnd.distributed import is_main  # noqa: E402
from mmifnd.engine.checkpoints.checkpoint_format import load_plain  # noqa: E402
from mmifnd.studies.provisional import FOOTNOTE, is_provisional  # noqa: E402
from mmifnd.studies.results import evaluation_results  # noqa: E402
from mmifnd.studies.summary import write_results  # noqa: E402


def parse_args():
    """MMPretrain's flags."""
    parser = base_parser(__doc__)
    parser.add_argument('checkpoint', help='a .pth file of a training run')
    parser.add_argument('--out', help='also write the measures, and what they are of, to this JSON file')
    return parser.parse_args()


def main() -> None:
    """Load, measure, print."""
    args = parse_args()
    command = shlex.join(['python', 'tools/test.py', *sys.argv[1:]])
    with one_line_errors():
        config = config_of(args, TESTING)
        if args.out:
            Path(args.out).parent.mkdir(parents=True, exist_ok=True)  # now, not when all is measured
        checkpoint = load_plain(args.checkpoint, map_location='cpu')
        runner = build_runner(config)
        check_testing(runner, checkpoint, args.checkpoint)
        runner.load_checkpoint(args.checkpoint)
        measures = runner.test()
    if is_main():
        width = max([16, *map(len, measures)])
        print('\n'.join(f'{name:{width}s} {value:8.3f}' for name, value in measures.items()))
        if is_provisional(config.model.to_dict()):
            print(FOOTNOTE)
        if args.out:
            summaries = getattr(runner.test_loop, 'summaries', {})
            write_results(evaluation_results(args.config, config, args.checkpoint, checkpoint, measures, summaries, command),
                          Path(args.out))


if __name__ == '__main__':
    main()
