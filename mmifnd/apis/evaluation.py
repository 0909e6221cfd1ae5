"""The measures of a pre-training config, from Python."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.runner.checkpoint import load_state_dict

from mmifnd.configuration.check_benchmark import check_testing
from mmifnd.configuration.checking import TESTING, check
from mmifnd.configuration.config import load_config
from mmifnd.configuration.environment import build_runner
from mmifnd.configuration.run_config import config_beside
from mmifnd.distributed import is_main
from mmifnd.engine.checkpoints.checkpoint_format import load_plain
from mmifnd.errors import UserError
from mmifnd.places import check_folder
from mmifnd.records.evaluations import results_path
from mmifnd.records.names import EVALUATION
from mmifnd.studies.results import evaluation_results
from mmifnd.studies.summary import write_results

from .pretraining_arguments import check_writable


def evaluate(checkpoint: str | Path, config: str | Path | None = None, measures: Sequence[str] | None = None,
             out: str | Path | None = None, options: dict[str, Any] | None = None,
             command: str = 'mmifnd.apis.evaluate(...)') -> dict[str, float]:
    """Judge a checkpoint by the measures of its config, as ``tools/test.py`` does.

    They are also written to ``results_TIME.json`` in ``out``, where a report of the run finds them.

    The training images of the config are what probes and neighbours learn from, the test images what they are asked about.
    Measures that need labels are left out if there are none.

    Args:
        checkpoint: a ``.pth`` file of a training run.
        config: of the training; default: the one beside the checkpoint.
        measures: names of ``test_cfg.measures``, such as ``('knn', 'nmi')``; default: all.
        out: folder for results and logs; default: ``evaluation`` beside the checkpoint.
        options: overrides by dotted keys, as of ``--cfg-options``.
        command: what the file of results names as its origin.

    Returns:
        dict[str, float]: by name, per cent where not said otherwise.

    Raises:
        UserError, ValueError: if config, checkpoint or data cannot be used, or nothing can be written into ``out``.

    Example:
        >>> import tempfile, torch
        >>> from mmifnd.apis import build_framework, shipped_config
        >>> config = shipped_config('baselines/simclr_digits.py')
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     torch.save(dict(state_dict=build_framework(config).state_dict()), f'{folder}/untrained.pth')
        ...     found = evaluate(f'{folder}/untrained.pth', config, measures=['knn'], options={'log_level': 'ERROR'})
        >>> list(found)
        ['knn']
    """
    config = config or config_beside(checkpoint)
    if config is None:
        raise UserError(f'{checkpoint}: no config beside it; say with which one it was trained: config=CONFIG')
    folder = _folder_of_results(checkpoint, out)
    loaded = load_config(config, options)
    check(loaded, config, TESTING)
    if measures is not None:
        _keep((loaded.test_cfg or {}).get('measures') or {}, measures)
    state = load_plain(str(checkpoint), map_location='cpu')
    loaded.work_dir = str(folder)
    loaded.experiment_name = f'evaluation_{time.time_ns()}'  # mmengine takes two of one name for the same
    runner = build_runner(loaded)
    check_testing(runner, state, str(checkpoint))
    load_state_dict(runner.model, state['state_dict'], strict=False)
    measured: dict[str, float] = runner.test()
    if is_main():
        summaries = getattr(runner.test_loop, 'summaries', {})
        write_results(evaluation_results(config, loaded, checkpoint, state, measured, summaries, command),
                      results_path(Path(loaded.work_dir)))
    return measured


def _folder_of_results(checkpoint: str | Path, out: str | Path | None) -> Path:
    """Where results go, if something can be written there."""
    if out:
        check_writable(out)
        return Path(out).expanduser()
    path = Path(checkpoint).expanduser()
    if path.is_file():
        check_folder(path.parent / EVALUATION, f'{path.parent / EVALUATION}, the folder of results (out),')
    return path.parent / EVALUATION


def _keep(measures: dict, wanted: Sequence[str]) -> None:
    present = [name for name, measure in measures.items() if measure is not None]
    unknown = [name for name in wanted if name not in present]
    if unknown:
        raise UserError(f'measure {unknown[0]} is not in test_cfg.measures of the config; it has '
                        f'{", ".join(present) or "none"}')
    for name in set(measures) - set(wanted):
        del measures[name]
