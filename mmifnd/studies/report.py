"""The report of a study: hands its results, and the images behind them, to the drawing room."""

from pathlib import Path
from typing import Any

import numpy as np

from mmifnd.configuration.config import load_config
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.image_data import image_dataset
from mmifnd.datasets.thumbnails import Thumbnails
from mmifnd.visualization import write_study_report

from .plan import Study


def write_report(study: Study, results: dict[str, Any], out: Path) -> Path:
    """Write ``report.html`` into ``out`` and return its path."""
    method = study.methods[study.figure_run]
    config = load_config(method.config, method.options)
    data = config.train_dataloader.dataset.to_dict()
    dataset = image_dataset(data)
    seed = min(run['seed'] for run in results['runs'])
    pictures = Thumbnails(data)
    thumbnails = None if dataset.in_tensors else pictures
    return write_study_report(
        results, out, images=_images(dataset) if thumbnails is None else thumbnails, labels=dataset.labels(),
        embedding_run=f'{study.figure_run}/seed_{seed}', class_names=thumbnails and thumbnails.class_names,
        names=thumbnails and thumbnails.names, captions=pictures.captions)


def _images(dataset: IndexedDataset) -> np.ndarray:
    """All images of a data set in memory, uint8 (N, C, H, W)."""
    return dataset.__getitems__(list(range(len(dataset))))['inputs'].numpy()
