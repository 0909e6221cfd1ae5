"""Virtual queries: what they are made of, what they are compared with, and that only the query encoder learns from them."""

import copy

import pytest
import torch
import torch.nn.functional as F
from per_image_jobs import known
from scipy.stats import beta as beta_distribution, kstest
from small_models import Labels, build_framework, views_of
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensorMode

from mmifnd.models.frameworks import momentum_mixup
from mmifnd.models.frameworks.momentum_mixup import MomentumMixup

MIXUP = dict(type='mmifnd.MomentumMixup', beta=2., weight=0.3)
STEPS = torch.arange(20000)


def built(head='sane', detector='none', **options):
    model = build_framework('MoCoAdapter', head, detector, mixup=MIXUP, **options).train()
    model.start_epoch(0, 2)
    return model


def step(model, number, batch=4):
    index = torch.arange(number * batch, (number + 1) * batch) % 40
    losses = model(views_of(index, number), index, mode='loss')
    losses['loss'].backward()
    model.finish_step()
    return losses


# --- draws ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('beta', [0.1, 0.5, 1., 2., 8.])
def test_shares_follow_the_distribution(beta):
    shares = MomentumMixup(beta).share(STEPS).double().numpy()
    lower = shares[shares < 0.5]  # float32 resolves small shares, but not those next to 1
    assert kstest(lower, lambda share: 2 * beta_distribution(beta, beta).cdf(share)).pvalue > 0.01
    assert abs(len(lower) / len(shares) - 0.5) < 0.01 and abs(shares.mean() - 0.5) < 0.01
    assert shares.std() == pytest.approx(beta_distribution(beta, beta).std(), rel=0.02)


@pytest.mark.parametrize('beta', [0.5, 2., 8.])
def test_no_probability_is_off_by_more_than_an_interval_of_the_table(beta, monkeypatch):
    mixup, levels = MomentumMixup(beta).double(), torch.rand(4000, dtype=torch.float64)
    monkeypatch.setattr(momentum_mixup, 'counter_uniform', lambda *counters, dtype: levels)
    found = beta_distribution(beta, beta).cdf(mixup.share(STEPS))
    assert abs(found - levels.numpy()).max() < 1 / 4096


def test_shares_belong_to_seed_and_step():
    mixup = MomentumMixup(2.)
    first = mixup.share(STEPS[:50])
    assert first.equal(torch.stack([MomentumMixup(2.).share(torch.tensor(n)) for n in range(50)]))
    assert first.unique().numel() == 50
    mixup.seed_draws(1)
    assert not mixup.share(STEPS[:50]).equal(first)


def test_shares_of_images_belong_to_the_image_too():
    mixup, index = MomentumMixup(2., share_of='image'), torch.tensor([5, 2, 5, 9])
    first, later = mixup.share(torch.tensor(3), index), mixup.share(torch.tensor(4), index)
    assert first[0] == first[2] and len(first.unique()) == 3 and not first.equal(later)
    shares = mixup.share(torch.tensor(3), STEPS).double()
    assert abs(shares.mean() - 0.5) < 0.01 and shares.std() == pytest.approx(beta_distribution(2, 2).std(), rel=0.02)
    with pytest.raises(ValueError, match="share_of='image' of MomentumMixup needs a head that weighs anchors.*AttrContrastive"):
        build_framework('MoCoAdapter', 'attr', 'none', mixup=dict(MIXUP, share_of='image'))


def test_one_share_for_each_image_weighs_one_hot_labels_alike():
    whole, each = (build_framework('MoCoAdapter', 'elim', 'none', mixup=dict(MIXUP, share_of=way)).train()
                   for way in ('step', 'image'))
    each.mixup.share = lambda step, index: whole.mixup.share(step).expand(len(index))
    torch.testing.assert_close(*(step(model, 0)['mixup'] for model in (whole, each)))


def test_partners_are_others_and_belong_to_the_images():
    mixup, index = MomentumMixup(), torch.randperm(500)[:64]
    partner = mixup.partners(torch.tensor(3), index)
    assert sorted(partner.tolist()) == list(range(64)) and (partner != torch.arange(64)).all()
    dealt = torch.randperm(64)  # the same images in another order, as other processes would hold them
    again = mixup.partners(torch.tensor(3), index[dealt])
    assert dict(zip(index.tolist(), index[partner].tolist())) == dict(zip(index[dealt].tolist(), index[dealt][again].tolist()))
    assert not mixup.partners(torch.tensor(4), index).equal(partner)


# --- loss -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('options', [{}, dict(same_image='negative', empty='negative')])
def test_virtual_queries_against_loops(options):
    """Cross entropy over one's key, the partner's key and the queue, one-hot labels weighed by the shares."""
    model = built('elim', **options)
    for number in range(2):
        step(model, number)
    index = torch.tensor([8, 9, 2, 3])  # two of them are in the queue
    views = views_of(index, 2)
    before = copy.deepcopy(model)
    losses = model(views, index, mode='loss')
    share, partner = model.mixup.share(model.step), model.mixup.partners(model.step, index).tolist()
    key, _ = model._pending
    virtual = F.normalize(model.neck(model.backbone(share * views[0] + (1 - share) * views[1][partner]))[0], dim=1)
    expected = 0.
    for i, j in enumerate(partner):
        slots = [key[i], key[j]]
        for row, image in zip(model.queue.features, model.queue.index.tolist()):
            own = image in (index[i], index[j])
            if options or not (own or image < 0):
                slots.append(row)
        log_share = torch.stack([virtual[i] @ slot for slot in slots]).div(0.2).log_softmax(dim=0)
        expected -= (share * log_share[0] + (1 - share) * log_share[1]) / len(partner)
    torch.testing.assert_close(losses['mixup'], expected.detach(), atol=1e-5, rtol=1e-5)
    before.mixup = None
    real = before(views, index, mode='loss')['loss']
    torch.testing.assert_close(losses['loss'], 0.7 * real + 0.3 * losses['mixup'])


def sane_label(key, keys, prior, temperature=0.2, sharpening=1.):
    """Eq. 5 over the key set: ``keys[0]`` is the query's own."""
    similarity = torch.stack([key @ other for other in keys]) / (temperature * sharpening)
    p, q = similarity.softmax(0), F.pad(similarity[1:].softmax(0), (1, 0))
    z = 1 + prior * p.max() + prior * q.max()
    a, b = prior * p.max() / z, prior * q.max() / z
    one_hot = torch.zeros_like(p)
    one_hot[0] = 1
    return (1 - a - b) * one_hot + a * p + b * q


@pytest.mark.parametrize('mate, share_of', [('key', 'step'), ('query', 'step'), ('key', 'image')])
def test_a_step_of_sane_against_loops(mate, share_of):
    """Eq. 4, 5, 8 and 9: all fresh keys and the queue, one-hot labels for real queries, refined ones for virtual queries."""
    mixup = dict(MIXUP, mate=mate, share_of=share_of)
    model = build_framework('MoCoAdapter', 'sane', 'none', mixup=mixup, fresh_keys=True, same_image='negative').train()
    for number in range(4):  # until the queue is full
        model.start_step(number, 10)
        step(model, number)
    model.double()
    index, views = torch.arange(16, 20), [view.double() for view in views_of(torch.arange(16, 20), 4)]
    queue = model.queue.features.clone()
    losses = model(views, index, mode='loss')
    (key, _), prior = model._pending, model.head.prior
    share, partner = model.mixup.share(model.step, index).expand(4), model.mixup.partners(model.step, index).tolist()
    assert len(share.unique()) == (4 if share_of == 'image' else 1)
    query = F.normalize(model.neck(model.backbone(views[0]))[0], dim=1)
    mates = views[1] if mate == 'key' else views[0]
    each = share.view(4, 1, 1, 1)
    virtual = F.normalize(model.neck(model.backbone(each * views[0] + (1 - each) * mates[partner]))[0], dim=1)

    def key_set(i):
        return [key[i], *queue, *(key[j] for j in range(4) if j != i)]

    def loss(anchor, i, label):
        return -(label * torch.stack([anchor @ other for other in key_set(i)]).div(0.2).log_softmax(0)).sum()

    real = torch.stack([loss(query[i], i, F.one_hot(torch.tensor(0), 4 + len(queue))) for i in range(4)]).mean()
    mixed = torch.stack([share[i] * loss(virtual[i], i, sane_label(key[i], key_set(i), prior)) + (1 - share[i]) * loss(
        virtual[i], j, sane_label(key[j], key_set(j), prior)) for i, j in enumerate(partner)]).mean()
    assert prior > 2
    torch.testing.assert_close(losses['mixup'], mixed.detach(), atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(losses['loss'], 0.7 * real + 0.3 * mixed, atol=1e-10, rtol=1e-10)


def test_further_views_are_mixed_with_those_of_the_partner_and_averaged():
    pair, further = (built('elim', fresh_keys=True) for _ in range(2))
    further.mixup.views = further.mixup.mate = 'further'
    index = torch.arange(4)
    views = views_of(index)
    with pytest.raises(ValueError, match="views='further' of MomentumMixup mixes views beyond the second, and"):
        further(views, index, mode='loss')
    further.step -= 1
    further._pending = None
    same = further([*views, views[0], views[0]], index, mode='loss')['mixup']
    pair.mixup.mate = 'query'
    torch.testing.assert_close(pair(views, index, mode='loss')['mixup'], same)


def test_further_views_are_mixed_with_the_key_view_of_the_partner():
    pair, further = (built('elim', fresh_keys=True) for _ in range(2))
    further.mixup.views = 'further'
    index = torch.arange(4)
    views = views_of(index)
    mixed = further([*views, views[0]], index, mode='loss')['mixup']
    torch.testing.assert_close(pair(views, index, mode='loss')['mixup'], mixed)
    with pytest.raises(ValueError, match=r"views of shape \(1, 6, 6\) with key views of \(1, 8, 8\); set mate='further'"):
        further.mixup.mix(views[0][:, :, 1:7, 1:7], views[1], torch.tensor(0.5))


def test_each_way_of_mixing_has_its_mates():
    assert MomentumMixup().mate == 'key' and MomentumMixup(views='further').mate == 'further'
    with pytest.raises(ValueError, match="mate='query' of MomentumMixup with views='further'"):
        MomentumMixup(views='further', mate='query')


def test_fresh_keys_of_the_anchors_image_are_no_candidates():
    model = build_framework('MoCoAdapter', 'elim', 'none', fresh_keys=True, same_image='exclude', empty='exclude').train()
    contrasts = []
    model.watch_steps(lambda _, record: contrasts.append(record))
    index = torch.tensor([3, 7, 3, 5])  # an image twice in the batch
    model(views_of(index), index, mode='loss')
    kept = contrasts[0].is_candidate[:, -4:]
    assert kept.tolist() == [[False, True, False, True], [True, False, True, True], [False, True, False, True],
                             [True, True, True, False]]


def test_detected_false_negatives_leave_virtual_queries_too():
    plain, removing = (built('sane', detector) for detector in ('none', 'truth'))
    for number in range(3):
        values = [step(model, number)['mixup'] for model in (plain, removing)]
    assert values[1] < values[0]


@pytest.mark.parametrize('head', ['sane', 'attr', 'sce'])
def test_gradient_reaches_the_query_encoder_only(head):
    model = built(head)
    for number in range(2):
        step(model, number)
    model.zero_grad()
    real, mixed = copy.deepcopy(model), model
    real.mixup = None
    step(real, 3), step(mixed, 3)
    assert all(p.grad is None for p in (*mixed.key_backbone.parameters(), *mixed.key_neck.parameters()))
    for (name, a), b in zip(real.backbone.named_parameters(), mixed.backbone.parameters()):
        assert not a.grad.equal(b.grad), name
    for name, value in real.state_dict().items():
        if name.startswith(('queue', 'key_', 'step')):
            assert value.equal(mixed.state_dict()[name]), name


def test_nothing_is_learned_of_an_image_from_virtual_queries():
    with known():
        models = [build_framework('MoCoAdapter', 'sogclr', 'quantile', mixup=mixup).train() for mixup in (None, MIXUP)]
    for model in models:
        model.start_epoch(0, 2)
        for number in range(2):
            index = torch.arange(4) + 4 * number
            with torch.no_grad():
                model(views_of(index, number), index, mode='loss')
            model.finish_step()
        assert model.head.training and model.head.detector.training
    for name, value in models[0].head.state_dict().items():
        assert value.equal(models[1].head.state_dict()[name]), name


def test_an_image_that_is_alone_has_no_rival():
    assert step(built(empty='exclude', same_image='negative'), 0, batch=1)['mixup'] == 0


def test_in_evaluation_nothing_is_mixed():
    model = built().eval()
    assert 'mixup' not in model(views_of(torch.arange(4)), torch.arange(4), mode='loss')


def test_resumed_runs_draw_the_same():
    model = built()
    for number in range(3):
        step(model, number)
    resumed = built()
    resumed.load_state_dict(model.state_dict())
    assert 'mixup.quantiles' not in model.state_dict()
    assert step(resumed, 3)['mixup'].equal(step(model, 3)['mixup'])


@pytest.mark.parametrize('head', ['sane', 'sce', 'attr'])
def test_steps_without_values(head):
    real = built(head, 'pseudo', data_preprocessor=dict(type='mmifnd.ImageViewsPreprocessor'))
    mode = FakeTensorMode()
    with FakeCopyMode(mode):
        model = copy.deepcopy(real)
    with mode:
        model.publish(Labels())
        for batch in (8, 5, 20):
            views = [torch.randn(batch, 1, 8, 8) for _ in range(2)]
            losses = model(views, torch.arange(batch), mode='loss')
            losses['loss'].backward()
            model.finish_step()
        assert losses['mixup'].shape == ()


@pytest.mark.parametrize('options, words', [
    (dict(beta=0), 'beta=0 of MomentumMixup is not a positive number; 0.1 and 2 are usual'),
    (dict(weight=0), r'weight=0 of MomentumMixup is outside \(0, 1\]; 0.5 is usual, and mixup=None turns it off'),
    (dict(weight=1.1), 'weight=1.1')])
def test_values_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        MomentumMixup(**options)


def test_views_of_different_sizes_are_named():
    index = torch.arange(4)
    views = views_of(index)
    with pytest.raises(ValueError, match=r'views of shape \(1, 8, 8\) with key views of \(1, 6, 6\); give the'):
        built()([views[0], views[1][:, :, 1:7, 1:7]], index, mode='loss')
