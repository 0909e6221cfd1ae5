"""Settings that follow from the number of images, each with its reason."""

import math
from typing import Any, NamedTuple

#: Where a training is short, see :func:`acceptance_of`.
SHORT = 5000


class Derived(NamedTuple):
    """A value and why it is that."""

    value: Any
    reason: str


def clusters_of(num_images: int) -> Derived:
    """Numbers of clusters: the paper's for 1,000, 100 and 10 classes, none above a third of the images."""
    first = 1000 if num_images >= 1_000_000 else 100 if num_images >= 50_000 else 10
    factors = (1, 3, 10)
    counts = tuple(sorted({min(first * factor, max(2, num_images // 3)) for factor in factors}))
    whole = counts == tuple(first * factor for factor in factors)
    return Derived(counts, "the paper's for so many images" if whole else f'at most a third of {num_images} images')


def batch_of(num_images: int) -> Derived:
    """Images a step: the paper's 256, or the power of two with which an epoch has four to seven steps; at least 2."""
    batch = min(256, 2 ** int(math.log2(max(num_images // 4, 2))))
    return Derived(batch, "the paper's" if batch == 256 else f'{num_images // batch} steps per epoch of {num_images} images')


def queue_of(num_images: int, batch_size: int) -> Derived:
    """Keys in MoCo's queue: an eighth of the images, in whole batches, at most MoCo's 65,536.

    Then an anchor meets an older key of its own image in less than one step of a hundred.
    """
    eighth = min(65536, max(1, num_images // 8))
    length = max(eighth // batch_size * batch_size, min(eighth, batch_size))
    return Derived(length, "MoCo's" if length == 65536 else f'an eighth of {num_images} images')


def learning_rate_of(batch_size: int, of_256: float = 0.03) -> Derived:
    """The learning rate, in proportion to the batch: 0.03 per 256 images for SGD (MoCo, and the paper), 0.6 for SwAV's LARS."""
    return Derived(of_256 * batch_size / 256, f'{of_256} x {batch_size} / 256')


def momentum_of(steps: int) -> Derived:
    """The momentum of MoCo's key encoder: 0.999, or 0.99 if the training is too short to forget the start."""
    return Derived(0.99, f'{steps} steps are few for 0.999') if steps < SHORT else Derived(0.999, "MoCo's")


def interval_of(num_images: int, epochs: int) -> Derived:
    """Epochs between clusterings: each on ImageNet, else a fiftieth of the training (20 of 1,000, as the paper on CIFAR)."""
    if num_images >= 1_000_000:
        return Derived(1, 'after every epoch, as in the paper on ImageNet')
    return Derived(max(1, epochs // 50), 'a fiftieth of the epochs, as in the paper on CIFAR')


def acceptance_of(steps: int) -> Derived:
    """When all pseudo labels are accepted, a share of the training.

    The paper's rate grows to the end. In a short training that is late: on digits (200 steps), accepting all at half time
    was measured to be better.
    """
    if steps < SHORT:
        return Derived(0.5, f'a short training of {steps} steps: all labels are accepted at half time, as was best on digits')
    return Derived(1., 'linear to the end, as in the paper')


def interval_within(steps: int, most: int, times: int) -> Derived:
    """Steps between two lines, or looks, so that an epoch has at least ``times`` of them where it has so many steps."""
    interval = max(1, min(most, steps // times))
    reason = f'at least {min(times, steps)} times in an epoch of {steps} steps'
    return Derived(interval, 'usual' if interval == most else reason)


def alpha_of(num_images: int) -> Derived:
    """Share of the negatives that learned thresholds begin with: 1 %, which is little, but at least one image."""
    alpha = max(0.01, round(1 / max(num_images - 1, 1), 4))
    nearest = max(1, round(alpha * (num_images - 1)))
    return Derived(min(alpha, 0.5), f'begin low: the {nearest} most similar of {num_images} images; raise it while what is '
                   'removed looks right. mmifnd audit of a checkpoint suggests a value for these images')


def threshold_start_of(epochs: int) -> Derived:
    """First epoch (0-based) of quantile detectors: features form first, as in the paper, which starts at 70 of 200."""
    return Derived(round(0.35 * epochs), 'features form first: after 35 % of the epochs, as 70 of 200 in the paper')


def pair_alpha_of(num_pairs: int, batch_size: int) -> Derived:
    """Share of the negatives that learned thresholds of image-text pairs begin with: 0.1 %, but at least one pair."""
    alpha = min(max(1e-3, round(1 / max(num_pairs - 1, 1), 4)), 0.5)
    return Derived(alpha, f'begin low: {alpha * (batch_size - 1):.2g} of the {batch_size - 1} candidates of a row, '
                   f'{max(1, round(alpha * (num_pairs - 1)))} of all {num_pairs - 1}; raise it while what is removed looks '
                   'right')


def pair_threshold_start_of(epochs: int) -> Derived:
    """First epoch (0-based) of quantile detectors on image-text pairs, as in the paper on CC3M, which starts at 15 of 37."""
    return Derived(round(15 / 37 * epochs), 'features form first: after 40 % of the epochs, as 15 of 37 in the paper')


def milestones_of(epochs: int) -> Derived:
    """Completed epochs at which the learning rate falls to a tenth: at 60 and 80 %, as 120 and 160 of the paper's 200."""
    return Derived([max(1, round(0.6 * epochs)), max(1, round(0.8 * epochs))], '60 and 80 % of the epochs, as in the paper')


def swav_queue_of(num_images: int, batch_size: int) -> Derived:
    """Images in SwAV's queue: an eighth of the images, in whole batches, at most SwAV's 3,840; 0 where that is no batch."""
    most = min(3840, num_images // 8)
    length = most // batch_size * batch_size
    if not length:
        return Derived(0, f'at most {most} of {num_images} images, less than a batch')
    return Derived(length, "SwAV's" if length == 3840 else f'whole batches, at most an eighth of {num_images} images')


def queue_start_of(epochs: int) -> Derived:
    """First epoch whose embeddings SwAV's queue keeps: 15 of 200, as in SwAV, or as early in a shorter training."""
    start = min(15, epochs * 15 // 200)
    return Derived(start, "SwAV's" if start == 15 else f'as early in {epochs} epochs as 15 of 200')


def prototypes_of(queue_len: int, batch_size: int) -> Derived:
    """Prototypes of SwAV: three for four images of queue and batch, which they share evenly; at most SwAV's 3,000."""
    rows = queue_len + batch_size
    count = max(2, min(3000, rows * 3000 // 4096))
    return Derived(count, "SwAV's" if count == 3000 else f'as many for {rows} images of queue and batch as 3000 for 4096')


def freeze_of(num_images: int, batch_size: int) -> Derived:
    """Steps during which SwAV's prototypes stay as they are: one epoch, as in SwAV."""
    return Derived(num_images // batch_size, 'one epoch, as in SwAV')


def small_crop_of(image_size: int) -> Derived:
    """Side of SwAV's small crops: 96, as beside 160 and 224 pixels, or three fifths of a smaller one."""
    side = min(96, image_size * 3 // 5)
    return Derived(side, "SwAV's" if side == 96 else f'three fifths of {image_size}, as 96 of 160')
