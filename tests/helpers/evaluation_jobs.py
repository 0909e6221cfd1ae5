"""Runs that are judged while they train, in one process or as one of several."""

from mmengine.registry import DefaultScope
from runner_jobs import Observer, digits_runner

from mmifnd.engine.hooks import HealthHook, OnlineProbeHook


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
