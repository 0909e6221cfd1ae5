"""The report of a study: hands its results, and the images behind them, to the drawing room."""

from pathlib import Path
from typing import Any

import numpy as np

from mmifnd.configuration.config import load_config
from mmifnd.registry import DATASETS
from mmifnd.visualization import write_study_report

from .plan import Study


def write_report(study: Study, results: dict[str, Any], out: Path) -> Path:
    """Write ``report.html`` into ``out`` and return its path."""
    method = study.methods[study.figure_run]
    config = load_config(method.config, method.options)
    dataset = DATASETS.build(dict(type='IndexedDataset', dataset=config.train_dataloader.dataset))
    seed = min(run['seed'] for run in results['runs'])
    return write_study_report(results, out, images=_images(dataset), labels=dataset.labels(),
                              embedding_run=f'{study.figure_run}/seed_{seed}')


def _images(dataset) -> np.ndarray | None:
    """All images, uint8 (N, C, H, W), where the data set holds them in memory."""
    view = dataset.evaluation_view()
    return view.__getitems__(list(range(len(view))))['inputs'].numpy() if view.in_tensors else None
