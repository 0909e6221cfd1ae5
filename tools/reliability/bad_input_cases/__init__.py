"""Wrong configs, files and command lines by topic."""

from . import benchmarks, checkpoints, command_lines, config_values, data_files, own_images, pairs, pretraining, structure
from .case import Case

TOPICS = {
    'values': config_values.CASES, 'structure': structure.CASES, 'checkpoints': checkpoints.CASES,
    'data files': data_files.CASES, 'own images': own_images.CASES, 'pretraining': pretraining.CASES, 'pairs': pairs.CASES,
    'command lines': command_lines.CASES, 'benchmarks': benchmarks.CASES}

__all__ = ['Case', 'TOPICS']
