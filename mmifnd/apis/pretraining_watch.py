"""What is looked at while a pre-training trains, so that its report can show it."""

from mmengine.config import Config

from mmifnd.configuration import derived
from mmifnd.configuration.derived import Derived

#: Evaluations of the online probe, and clusterings of a method that needs none, at most.
PROBES, CLUSTERINGS = 20, 5
#: Bytes that the features of all clusterings may take on disk.
MAX_BYTES = 200 * 2**20
#: Images that vote and that are judged in an evaluation of the online probe, at most.
MAX_IMAGES = 2000

HOOK = 'default_hooks.false_negative'


def watch(config: Config, total: int, is_labelled: bool, clusters: bool) -> dict[str, Derived]:
    """Give a config the hooks that measure while it trains, in place, and return the settings that were derived.

    With labels: accuracy of a linear probe and of kNN by epoch, and, for a method without pseudo labels, a few clusterings
    whose labels nobody asks for, for NMI. Features are kept for maps if they are small enough. None of it changes the weights.

    Args:
        config: of the pre-training, with its number of epochs.
        total: training images.
        is_labelled: whether they have classes.
        clusters: whether the method clusters anyway.
    """
    epochs, hooks = config.train_cfg.max_epochs, config.default_hooks
    settings = {}
    if is_labelled:
        interval = max(1, epochs // PROBES)
        hooks.online_probe = dict(type='OnlineProbeHook', interval=interval, max_images=MAX_IMAGES)
    if is_labelled and not clusters:
        hooks.false_negative = dict(
            type='FalseNegativeHook', num_clusters=derived.clusters_of(total).value, interval=max(1, epochs // CLUSTERINGS),
            acceptance=dict(type='ConfidenceAcceptance', scheme='constant', end=0.),
            num_workers=config.train_dataloader.num_workers)
    if 'false_negative' in hooks:
        clusterings = epochs // hooks.false_negative.interval
        size = clusterings * total * 2 * config.model.neck.get('out_channels', 128)
        keeps = size <= MAX_BYTES
        reason = (f'{size / 2**20:.0f} MiB of features, for maps in the report' if keeps else
                  f'{size / 2**20:.0f} MiB of features are too many to keep: no maps in the report')
        settings[f'{HOOK}.save'] = Derived('features' if keeps else 'labels', reason)
    return settings
