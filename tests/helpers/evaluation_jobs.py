"""Runs that are judged while they train, in one process or as one of several."""

import torch
from distributed_jobs import rank
from mmengine.registry import DefaultScope
from runner_jobs import Observer, digits_runner

from mmifnd.engine.hooks import HealthHook, OnlineProbeHook
from mmifnd.engine.hooks.step_examples import StepExamples
from mmifnd.models.heads.step_record import StepRecord


def train_and_judge(work_dir, epochs=3):
    """The online probe's weights, and its last accuracy on the test images."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        runner, probe = digits_runner('ifnd', work_dir, epochs), OnlineProbeHook()
        next(hook for hook in runner.hooks if isinstance(hook, HealthHook)).lidar_views = 2
        for hook in (Observer(), probe):
            runner.register_hook(hook)
        judged = []
        judge = probe._judge
        probe._judge = lambda *arguments: judged.append(judge(*arguments)) or judged[-1]
        runner.train()
    return probe.probe.weight.detach().clone(), judged[-1]


def collect_examples():
    """What the ranks together have noted: each saw two images of its own, and image 0."""
    examples, anchors = StepExamples(20, 20), torch.tensor([0, 10 - rank(), 12 + rank()])
    mask = torch.ones(1, 3, 4, dtype=torch.bool)
    record = StepRecord(anchors, torch.arange(4), mask[0], mask, torch.eye(4)[:3], torch.zeros(3))
    examples.note(record, examples.rows(anchors))
    return [(visit['anchor'], visit['images'].tolist(), visit['share']) for visit in examples.collect()]
