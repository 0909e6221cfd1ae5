import pytest

from mmifnd.evaluation import health_alarms, threshold_alarm

SOUND = dict(epoch=4, embedding_rankme=50., embedding_spread=0.9, backbone_rankme=80., backbone_spread=0.8,
             false_negative_share=0.1, rows_short_of_negatives=0.)


def test_a_sound_run_is_silent():
    assert health_alarms(None, SOUND) == []
    assert health_alarms(SOUND, dict(SOUND, epoch=5, embedding_rankme=36., backbone_rankme=200.)) == []
    assert health_alarms({}, dict(epoch=1)) == []


def test_the_removal_is_named_where_much_is_removed():
    now = dict(SOUND, epoch=5, embedding_rankme=29.5, false_negative_share=0.63)
    assert health_alarms(SOUND, now) == [
        'the effective rank of the embedding fell 41 % in one epoch while 63 % of the negatives are removed: '
        'lower the acceptance']


def test_the_removal_is_cleared_where_little_is_removed():
    now = dict(SOUND, epoch=7, backbone_rankme=20.)
    assert health_alarms(SOUND, now) == [
        'the effective rank of the backbone fell 75 % in 3 epochs though only 10 % of the negatives are removed: look at the '
        'learning rate, the temperature and the augmentations']


@pytest.mark.parametrize('change, words', [
    (dict(embedding_spread=0.021), 'all images lie near one point of the embedding: their spread is 2.1 % of an isotropic'),
    (dict(rows_short_of_negatives=0.25), '25 % of the anchors have lost nine tenths of their negatives or more: lower')])
def test_other_symptoms(change, words):
    alarm, = health_alarms(SOUND, dict(SOUND, **change))
    assert alarm.startswith(words)


def test_without_a_share_no_cause_is_claimed():
    alarm, = health_alarms(dict(epoch=1, embedding_rankme=9.), dict(epoch=2, embedding_rankme=2.))
    assert alarm == 'the effective rank of the embedding fell 78 % in one epoch (no share of removed negatives is known)'


@pytest.mark.parametrize('share, visits, words', [
    (0.011, 20, None), (0.005, 500, None), (0.02, 20, None), (None, 20, None),
    (0.004, 20, 'they detect 0.4 % of the candidates and aim at 1 %; train'), (0.03, 20, 'they detect 3 % of the candidates'),
    (None, 3, 'each has moved 3 times, fewer than 20; train for more epochs'),
    (0., 3, 'they detect 0 % of the candidates and aim at 1 % and each has moved 3 times')])
def test_thresholds_that_have_not_settled(share, visits, words):
    alarm = threshold_alarm(share, 0.01, visits)
    assert alarm is None if words is None else alarm.startswith(f'the learned thresholds have not settled: {words}')
