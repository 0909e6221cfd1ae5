import numpy as np
import pytest
import torch

from mmifnd.evaluation import _similarities, modality_gap, retrieval_ranks, retrieval_recall


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def ranks_by_loops(images, texts, owner, group):
    """Rank of the best match of each image and of each text; ties count against the model."""
    images, texts = unit(images), unit(texts)

    def matches(image, text):
        return any(owner[other] == image and group[other] == group[text] for other in range(len(texts)))

    def rank(of_matches, of_others):
        return 1 + sum(other >= max(of_matches) - 1e-12 for other in of_others)

    similarity = images @ texts.T
    pairs = [[matches(image, text) for text in range(len(texts))] for image in range(len(images))]
    by_image = [rank(row[mask], row[~mask]) for row, mask in zip(similarity, np.array(pairs))]
    by_text = [rank(row[mask], row[~mask]) for row, mask in zip(similarity.T, np.array(pairs).T)]
    return by_image, by_text


@pytest.fixture
def pairs():
    """11 images with one to three texts in a mixed order, of 9 kinds."""
    random = np.random.default_rng(2)
    owner = random.permutation(np.repeat(np.arange(11), [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2]))
    images = random.normal(size=(11, 4))
    texts = images[owner] + random.normal(size=(len(owner), 4))
    return images, texts, owner, random.integers(0, 9, len(owner))


@pytest.mark.parametrize('with_groups', [False, True])
def test_ranks_equal_the_loops(pairs, with_groups, monkeypatch):
    images, texts, owner, group = pairs
    groups = group if with_groups else np.arange(len(owner))
    expected = ranks_by_loops(images, texts, owner, groups)
    found = retrieval_ranks(images, texts, owner, group if with_groups else None)
    assert [ranks.tolist() for ranks in found] == list(map(list, expected))
    assert max(expected[0]) > 3 and max(expected[1]) > 3
    monkeypatch.setattr(_similarities, 'MAX_SIMILARITIES', 3 * len(owner))
    assert [ranks.tolist() for ranks in retrieval_ranks(images, texts, owner, groups)] == list(map(list, expected))


def test_recall_is_the_share_of_ranks_up_to_k(pairs):
    images, texts, owner, _ = pairs
    by_image, by_text = map(np.array, ranks_by_loops(images, texts, owner, np.arange(len(owner))))
    found = retrieval_recall(images, texts, owner, ks=(1, 2))
    expected = {'i2t_R@1': np.mean(by_image <= 1), 'i2t_R@2': np.mean(by_image <= 2),
                't2i_R@1': np.mean(by_text <= 1), 't2i_R@2': np.mean(by_text <= 2)}
    assert found == pytest.approx({
        **{name: 100 * share for name, share in expected.items()}, 'retrieval_mean': 100 * np.mean(list(expected.values())),
        'i2t_median_rank': np.median(by_image), 'i2t_mean_rank': by_image.mean(),
        't2i_median_rank': np.median(by_text), 't2i_mean_rank': by_text.mean()})


def test_equal_embeddings_score_nothing():
    """However the product is blocked, a collapsed model finds nothing by chance."""
    row = np.random.default_rng(0).normal(size=(1, 37)).astype(np.float32)
    found = retrieval_recall(row.repeat(101, 0), row.repeat(101, 0))
    assert found['retrieval_mean'] == 0 and found['i2t_median_rank'] == 101


def test_texts_of_one_group_match_the_images_of_all():
    images, texts = np.eye(3), np.eye(3)[[1, 0, 2]]  # the texts of images 0 and 1 are exchanged
    assert retrieval_recall(images, texts, ks=(1,))['retrieval_mean'] == pytest.approx(100 / 3)
    assert retrieval_recall(images, texts, text_group=[7, 7, -2], ks=(1,))['retrieval_mean'] == 100


def test_random_embeddings_find_k_of_n():
    random = np.random.default_rng(1)
    found = retrieval_recall(random.normal(size=(2000, 8)), random.normal(size=(2000, 8)), ks=(20,))
    assert found['i2t_R@20'] == pytest.approx(1, abs=0.7) and found['t2i_R@20'] == pytest.approx(1, abs=0.7)


@pytest.mark.parametrize('arguments, words', [
    (dict(text_features=np.eye(3, 4)), 'dimensions'),
    (dict(text_features=np.eye(4, 3)), 'there are 3 images and 4 texts; give owner'),
    (dict(owner=[0, 1, 3]), 'owner holds 3, but there are 3 images'),
    (dict(owner=[0, 1, 1]), '1 of 3 images have no text, such as image 2'),
    (dict(owner=[0, 1]), 'owner has 2 entries but text_features has 3'),
    (dict(text_group=[0, 1]), 'text_group has 2 entries but owner has 3'),
    (dict(ks=(0,)), 'ks=0 must be at least 1'),
    (dict(image_features=np.full((3, 3), np.nan)), 'image_features holds NaN')])
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        retrieval_recall(**{'image_features': np.eye(3), 'text_features': np.eye(3), **arguments})


def test_gap_equals_the_loops(pairs):
    images, texts, owner, _ = pairs
    found = modality_gap(images, texts, owner)
    images, texts = unit(images), unit(texts)
    positives = [images[image] @ text for image, text in zip(owner, texts)]
    negatives = [image @ text for number, image in enumerate(images) for text, own in zip(texts, owner) if own != number]
    assert found == pytest.approx((np.linalg.norm(images.mean(0) - texts.mean(0)), np.mean(positives), np.mean(negatives)),
                                  abs=1e-12)
    assert np.isnan(modality_gap(images[:1], texts[:1]).negative_cosine)
    with pytest.raises(ValueError, match='owner names image 11, but there are 11 images'):
        modality_gap(images, texts, owner + 1)


def test_float32_stays_and_float64_decides():
    """Two candidates that differ by 1e-9 are a tie in float32 only."""
    texts = torch.tensor([[1., 1e-4], [1., -1e-4]], dtype=torch.float64)
    images = torch.tensor([[1., 1e-4], [1., 0.9e-4]], dtype=torch.float64)
    assert retrieval_ranks(images, texts)[0].tolist() == [1, 2]
    assert retrieval_ranks(images.float(), texts.float())[0].tolist() == [2, 2]
