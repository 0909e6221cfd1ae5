import pytest
import torch

from mmifnd.detectors import Detector, GroundTruthDetector, NoDetector, PseudoLabelDetector, RandomDetector, UnionDetector


class Fixed(Detector):
    """Answers with a given mask and counts what it observed."""

    def __init__(self, mask):
        super().__init__()
        self.mask, self.observed = mask, 0

    def observe(self, contrast):
        self.observed += 1

    def detect(self, contrast):
        return self.mask


def masks(*counts):
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(count, 3, 5, generator=generator) < 0.4 for count in counts]


def test_joins_by_or(make_contrast):
    first, second = masks(2, 2)
    found = UnionDetector(dict(a=Fixed(first), b=Fixed(second))).detect(make_contrast(range(3), range(5)))
    assert found.equal(first | second)


@pytest.mark.parametrize('counts', [(1, 3), (3, 1), (1, 3, 1)])
def test_one_granularity_joins_every_other(make_contrast, counts):
    parts = masks(*counts)
    found = UnionDetector({str(i): Fixed(mask) for i, mask in enumerate(parts)}).detect(make_contrast(range(3), range(5)))
    assert found.shape == (3, 3, 5)
    for level in range(3):
        expected = torch.zeros(3, 5, dtype=torch.bool)
        for mask in parts:
            expected |= mask[min(level, len(mask) - 1)]
        assert found[level].equal(expected)


def test_different_granularities_are_refused(make_contrast):
    union = UnionDetector({str(i): Fixed(mask) for i, mask in enumerate(masks(1, 2, 3))})
    with pytest.raises(ValueError, match=r'have \[2, 3\] granularities; give them the same number, or 1'):
        union.detect(make_contrast(range(3), range(5)))


def test_nothing_to_join_is_refused():
    with pytest.raises(ValueError, match='UnionDetector has no detectors; name at least one'):
        UnionDetector({})


def test_every_part_observes(make_contrast):
    parts = [Fixed(mask) for mask in masks(1, 1)]
    UnionDetector(dict(a=parts[0], b=parts[1])).observe(make_contrast(range(3), range(5)))
    assert [part.observed for part in parts] == [1, 1]


def test_state_of_all_parts_is_in_the_state_dict(make_contrast):

    def build():
        return UnionDetector(dict(labels=PseudoLabelDetector(), pairs=RandomDetector(0.3)))

    source, target = build(), build()
    source.detectors['labels'].bind(6)
    source.detectors['labels'].labels = torch.tensor([[0, 1, 0, 1, -1, -1]], dtype=torch.int32)
    contrast = make_contrast(range(6), range(6))
    source.observe(contrast)
    target.load_state_dict(source.state_dict())
    assert target.detect(contrast).equal(source.detect(contrast))


def test_only_a_declared_control_wants_labels():
    wanting = [kind for kind in (GroundTruthDetector, NoDetector, PseudoLabelDetector, RandomDetector, UnionDetector)
               if kind.uses_labels]
    assert wanting == [GroundTruthDetector]
