import pytest
import torch

from mmifnd.detectors import RandomDetector


def detected(detector, contrast):
    return detector.detect(contrast)[0]


@pytest.mark.parametrize('rate', [0.03, 0.3, 0.9])
def test_share_is_the_rate(make_contrast, rate):
    contrast = make_contrast(range(200), range(1000, 1500))
    share = detected(RandomDetector(rate), contrast).float().mean().item()
    assert share == pytest.approx(rate, abs=0.008)  # more than 5 standard deviations of 100,000 draws


@pytest.mark.parametrize('rate, everywhere', [(0., False), (1., True)])
def test_the_ends_of_the_range(make_contrast, rate, everywhere):
    absent = torch.zeros(20, 30, dtype=torch.bool)
    absent[3, 4] = True
    mask = detected(RandomDetector(rate), make_contrast(range(20), range(30), absent))
    assert mask.equal(~absent if everywhere else torch.zeros_like(absent))


def test_a_pair_has_the_same_answer_in_any_batch(make_contrast):
    anchors, candidates = torch.arange(30), torch.arange(50, 90)
    whole = detected(RandomDetector(0.4), make_contrast(anchors, candidates))
    parts = [detected(RandomDetector(0.4), make_contrast(part, candidates)) for part in anchors.split([7, 22, 1])]
    assert torch.cat(parts).equal(whole)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    assert detected(RandomDetector(0.4), make_contrast(anchors, candidates[order])).equal(whole[:, order])


def test_answers_change_with_step_and_seed(make_contrast):
    contrast = make_contrast(range(40), range(60))
    detector = RandomDetector(0.5)
    first = detected(detector, contrast)
    assert detected(detector, contrast).equal(first)  # asking is not a step
    detector.observe(contrast)
    second = detected(detector, contrast)
    agreement = (first == second).float().mean().item()
    assert agreement == pytest.approx(0.5, abs=0.06)  # independent draws
    other = detected(RandomDetector(0.5, seed=1), contrast)
    assert (first == other).float().mean().item() == pytest.approx(0.5, abs=0.06)


def test_rate_of_each_epoch_and_the_last_one_holds_on(make_contrast):
    contrast = make_contrast(range(200), range(500))
    detector = RandomDetector([0.1, 0.6])
    for epoch, rate in ((0, 0.1), (1, 0.6), (2, 0.6), (9, 0.6), (0, 0.1)):
        detector.start_epoch(epoch, 10)
        assert detected(detector, contrast).float().mean().item() == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize('rate', [-0.1, 1.1, 5, [0.1, 2.], []])
def test_a_rate_out_of_range_is_named(rate):
    with pytest.raises(ValueError) as error:
        RandomDetector(rate)
    assert f'rate={rate}' in str(error.value) and '[0, 1]' in str(error.value)


def test_the_step_survives_a_checkpoint(make_contrast):
    contrast = make_contrast(range(20), range(20))
    source, target = RandomDetector(0.5), RandomDetector(0.5)
    for _ in range(3):
        source.observe(contrast)
    target.load_state_dict(source.state_dict())
    assert detected(target, contrast).equal(detected(source, contrast))
