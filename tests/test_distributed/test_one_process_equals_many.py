"""Walls 5 and 6, for every framework, head and detector: loss, gradient and state of 1 x 4B equal those of 2 x 2B and 4 x B,
after every step, for an encoder without batch statistics."""

import functools
import itertools

import per_image_jobs as jobs
import pytest
import torch

#: Largest difference, as a share of the largest value, or of 1 where all are smaller: thousands of times what a sum rounds
#: to, since four steps through encoder, softmax at temperature 0.2 and update add up.
TOLERANCES = {torch.float64: 1e-10, torch.float32: 2e-4}
HEADS = ('elim', 'reweighted', 'attr', 'glofnd', 'sogclr', 'isogclr', 'proto', 'sane', 'sce')
DETECTORS = ('none', 'pseudo', 'truth', 'quantile', 'from_quantile', 'shared', 'warm', 'batch', 'top_k', 'margin', 'group',
             'random', 'union', 'grouped', 'joined', 'guide')
PAIR_HEADS = ('elim', 'reweighted', 'attr', 'glofnd', 'sogclr', 'isogclr', 'sane', 'sce', 'learned', 'fastclip_v0',
              'fastclip_v1', 'fastclip_v2', 'fastclip_v3', 'sigmoid', 'siglip')
EVERY = [*itertools.product(('SimCLRAdapter', 'MoCoAdapter'), HEADS, DETECTORS),
         *itertools.product(('SwAVAdapter',), ('swav',), DETECTORS),
         *itertools.product(('CLIPAdapter',), PAIR_HEADS, DETECTORS)]
#: Each head and each detector with each framework, once.
COVERING = [
    *(('SimCLRAdapter', HEADS[number % 9], detector) for number, detector in enumerate(DETECTORS)),
    *(('MoCoAdapter', HEADS[(number + 4) % 9], detector) for number, detector in enumerate(DETECTORS)),
    *(('SwAVAdapter', 'swav', detector) for detector in DETECTORS),
    *(('CLIPAdapter', *pair) for pair in zip((*PAIR_HEADS, 'elim'), DETECTORS, strict=True))]
MIXUP = dict(type='mmifnd.MomentumMixup', beta=2.)
OPTIONS = [
    ('SimCLRAdapter', 'elim', 'pseudo', dict(same_image='negative')),
    ('SimCLRAdapter', 'attr', 'truth', dict(same_image='negative')),
    ('MoCoAdapter', 'reweighted', 'union', dict(same_image='negative', empty='negative')),
    ('MoCoAdapter', 'sogclr', 'quantile', dict(same_image='negative', empty='negative')),
    ('MoCoAdapter', 'sane', 'pseudo', dict(mixup=dict(MIXUP, share_of='image'), fresh_keys=True)),
    ('MoCoAdapter', 'elim', 'pseudo', dict(mixup=dict(MIXUP, mate='query'), fresh_keys=True, multi_crop=True)),
    ('MoCoAdapter', 'attr', 'random', dict(mixup=MIXUP, same_image='negative', empty='negative')),
    ('MoCoAdapter', 'sce', 'union', dict(mixup=MIXUP, multi_crop=True)),
    ('SwAVAdapter', 'swav', 'random', dict(same_image='negative')),
    ('SwAVAdapter', 'swav', 'truth', dict(queue_len=0)),
    ('CLIPAdapter', 'fastclip_v3', 'quantile', dict(same_image='negative')),
    ('CLIPAdapter', 'fastclip_v2', 'quantile', dict(text_head=dict(detector=dict(alpha=0.4)))),
    ('CLIPAdapter', 'siglip', 'quantile', {}),
    ('CLIPAdapter', 'elim', 'quantile', dict(text_head=dict(detector=dict(source='text'))))]


@pytest.fixture(scope='session')
def processes(two_processes, four_processes):
    """The pool of a number of processes."""
    return {2: two_processes, 4: four_processes}


@functools.lru_cache(maxsize=4)
def of_one_process(framework, head, detector, dtype):
    return jobs.train(framework, head, detector, dtype=dtype)


@pytest.mark.parametrize('case', COVERING, ids='-'.join)
def test_each_head_and_detector(processes, case):
    count, dtype = list(itertools.product(processes, TOLERANCES))[COVERING.index(case) % 4]
    check(of_one_process(*case, dtype), processes[count].run(jobs.train, *case, dtype=dtype), dtype)


@pytest.mark.parametrize('framework, head, detector, options', OPTIONS)
def test_options_of_the_frameworks(two_processes, framework, head, detector, options):
    case = framework, head, detector, options
    check(jobs.train(*case), two_processes.run(jobs.train, *case), torch.float64)


@pytest.mark.slow
@pytest.mark.parametrize('case', EVERY, ids='-'.join)
def test_every_combination(processes, case):
    for dtype, count in itertools.product(TOLERANCES, processes):
        check(of_one_process(*case, dtype), processes[count].run(jobs.train, *case, dtype=dtype), dtype)


def check(expected, ranks, dtype):
    """Each of ``ranks`` saw what one process saw, and not nothing; what is kept per image is the same to the last bit."""
    assert len(set(expected['losses'])) == 4
    for gradients in expected['gradients'][1:]:  # a queue is empty in the first step
        assert max(gradient.abs().max() for gradient in gradients.values()) > 1e-3
    for found in ranks:
        assert found['losses'] == pytest.approx(expected['losses'], rel=TOLERANCES[dtype], abs=TOLERANCES[dtype])
        for step in range(4):
            for part in ('gradients', 'states'):  # weights, queue and its indices, labels, tables, steps
                check_tensors(found[part][step], expected[part][step], dtype, f'{part} of step {step}')
            for name, value in ranks[0]['states'][step].items():
                assert '.table.' not in name or found['states'][step][name].equal(value), (step, name)


def check_tensors(found, expected, dtype, what):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        size = value.double().nan_to_num(posinf=0, neginf=0).abs().max().item() if value.numel() else 0
        torch.testing.assert_close(found[name], value, atol=TOLERANCES[dtype] * max(size, 1), rtol=0,
                                   msg=lambda text: f'{what}, {name}: {text}')


def test_batches_of_another_size_would_be_noticed(two_processes):
    """The comparison can fail."""
    expected = jobs.train('SimCLRAdapter', 'elim', 'pseudo', batch=4)
    with pytest.raises(AssertionError):
        check(expected, two_processes.run(jobs.train, 'SimCLRAdapter', 'elim', 'pseudo'), torch.float32)


@pytest.mark.parametrize('head', HEADS)
def test_swav_refuses_heads_without_prototypes(head):
    with pytest.raises(ValueError, match='Head has no prototypes; SwAVAdapter needs SwAVHead, which takes any detector'):
        jobs.train('SwAVAdapter', head, 'none')


@pytest.mark.parametrize('framework', ['SimCLRAdapter', 'MoCoAdapter'])
def test_prototypes_need_swav(framework):
    with pytest.raises(ValueError, match='SwAVHead has no in_channels: .* use it in SwAVAdapter'):
        jobs.train(framework, 'swav', 'none')
