"""Alarms about the health of a run, with the probable cause."""

from collections.abc import Mapping

#: Limits of an alarm: the fall of the effective rank from one record to the next, the share of an isotropic spread, and the
#: share of anchors that are short of negatives.
RANK_FALL, LOW_SPREAD, SHORT_ROWS = 0.3, 0.1, 0.1

#: The share of removed negatives above which their removal is the first suspect.
MUCH_REMOVED = 0.3

#: Limits of learned thresholds: how far the detected share may be from the one aimed at, and visits of an image.
SETTLED_FACTOR, SETTLED_VISITS = 2., 20

LAYERS = dict(embedding='of the embedding', backbone='of the backbone')


def health_alarms(before: Mapping[str, float] | None, now: Mapping[str, float]) -> list[str]:
    """Sentences that each name a symptom, its likely cause, and what to change; empty for a healthy run.

    Args:
        before (Mapping[str, float], optional): the record before ``now``.
        now (Mapping[str, float]): ``epoch``; ``embedding_rankme``, ``embedding_spread`` and the same for the ``backbone``;
            the means over steps ``false_negative_share`` and ``rows_short_of_negatives``, in [0, 1]. Missing values are not
            judged.

    Example:
        >>> alarm, = health_alarms(dict(epoch=3, embedding_rankme=50.),
        ...                        dict(epoch=4, embedding_rankme=29.5, false_negative_share=0.63))
        >>> alarm.split(' while ')[1]
        '63 % of the negatives are removed: lower the acceptance'
    """
    alarms = []
    for layer, words in LAYERS.items():
        key = f'{layer}_rankme'
        if before and key in before and key in now and now[key] < (1 - RANK_FALL) * before[key]:
            fall = 1 - now[key] / before[key]
            alarms.append(f'the effective rank {words} fell {100 * fall:.0f} % in {_epochs(now["epoch"] - before["epoch"])} '
                          f'{_cause(now)}')
        if now.get(f'{layer}_spread', 1.) < LOW_SPREAD:
            alarms.append(f'all images lie near one point {words}: their spread is {100 * now[f"{layer}_spread"]:.1f} % of an '
                          f'isotropic one {_cause(now)}')
    short = now.get('rows_short_of_negatives', 0.)
    if short > SHORT_ROWS:
        alarms.append(f'{100 * short:.0f} % of the anchors have lost nine tenths of their negatives or more: lower the '
                      'acceptance, or cluster into more clusters')
    return alarms


def threshold_alarm(share: float | None, alpha: float, visits: float) -> str | None:
    """A sentence if learned thresholds have not settled at the end of a training, else None.

    Thresholds that track the quantile of 128 candidates by Adam are within 0.02 of it after 20 visits, in a simulation with
    normal similarities of standard deviation 0.15.

    Args:
        share (float | None): of the candidates that was detected in the last epoch, in [0, 1]; None if it is unknown.
        alpha (float): the share that is aimed at.
        visits (float): how often the threshold of an image has moved, the mean over images.

    Example:
        >>> threshold_alarm(0.0101, alpha=0.01, visits=130) is None
        True
        >>> threshold_alarm(0.0101, alpha=0.01, visits=4)
        'the learned thresholds have not settled: each has moved 4 times, fewer than 20; train for more epochs'
    """
    reasons = []
    if share is not None and not alpha / SETTLED_FACTOR <= share <= alpha * SETTLED_FACTOR:
        reasons.append(f'they detect {100 * share:.2g} % of the candidates and aim at {100 * alpha:.2g} %')
    if visits < SETTLED_VISITS:
        reasons.append(f'each has moved {visits:.0f} time{"" if round(visits) == 1 else "s"}, fewer than {SETTLED_VISITS}')
    if not reasons:
        return None
    return f'the learned thresholds have not settled: {" and ".join(reasons)}; train for more epochs'


def _epochs(count: float) -> str:
    return 'one epoch' if count == 1 else f'{count} epochs'


def _cause(now: Mapping[str, float]) -> str:
    removed = now.get('false_negative_share')
    if removed is None:
        return '(no share of removed negatives is known)'
    if removed >= MUCH_REMOVED:
        return f'while {100 * removed:.0f} % of the negatives are removed: lower the acceptance'
    return (f'though only {100 * removed:.0f} % of the negatives are removed: look at the learning rate, the temperature and '
            'the augmentations')
