"""The config that belongs to a checkpoint."""

from pathlib import Path

from mmifnd.errors import UserError
from mmifnd.text import shown

from .config import load_config


def config_beside(checkpoint: str | Path) -> Path | None:
    """The config that the run of ``checkpoint`` left in its folder; None where that is no folder of a run.

    A run leaves ``last_checkpoint`` there, too: without it a ``.py`` could be any program, and configs are executed.

    Raises:
        UserError: if there are several, or ``checkpoint`` is a folder.
    """
    if Path(checkpoint).expanduser().is_dir():
        raise UserError(f'{checkpoint} is a folder{_in_place_of(Path(checkpoint).expanduser())}')
    folder = Path(checkpoint).expanduser().parent
    configs = sorted(folder.glob('*.py')) if (folder / 'last_checkpoint').is_file() else []
    if len(configs) > 1:
        raise UserError(f'{checkpoint}: several configs beside it ({", ".join(path.name for path in configs)}); say which: '
                        'config=CONFIG')
    return configs[0] if configs else None


def _in_place_of(folder: Path) -> str:
    """What to give instead of a folder."""
    newest = folder / 'last_checkpoint'
    if newest.is_file() and newest.stat().st_size < 4096:
        newest_name = Path(newest.read_text(errors='replace').strip()).name
        return f'; give the checkpoint of its run: {folder / shown(newest_name)}'
    return '; give a checkpoint (to audit a folder of images before any training, name a backbone and its weights as well)'


def training_images(checkpoint: str | Path, config: str | Path | None = None) -> dict:
    """Config of the data set that the run of ``checkpoint`` was trained on.

    Raises:
        UserError: if neither ``config`` nor the folder of the checkpoint says so.
    """
    config = config or config_beside(checkpoint)
    if config is None:
        raise UserError(f'{checkpoint}: no config beside it, so say which images: a folder, or config=CONFIG')
    loader = load_config(config).get('train_dataloader')
    if loader is None:
        raise UserError(f'config {config} trains on nothing, so say which images: give a folder')
    return loader.dataset.to_dict()
