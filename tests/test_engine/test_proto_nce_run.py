"""PCL on the digits: prototypes come with the clustering, and a resumed run goes on with them."""

import pytest
import torch
from mmengine.hooks import Hook

PCL = 'configs/pcl/pcl_moco_digits.py'
OPTIONS = dict(epochs=3, model=dict(head=dict(num_negatives=8)), default_hooks__checkpoint__interval=1)


class Interrupted(Exception):
    pass


class InterruptHook(Hook):
    """The power goes before epoch 3."""

    def before_train_epoch(self, runner):
        if runner.epoch == 2:
            raise Interrupted


def test_a_resumed_run_goes_on_with_its_prototypes(digits_runner, tmp_path):
    digits_runner(PCL, work_dir=tmp_path / 'whole', **OPTIONS).train()
    interrupted = digits_runner(PCL, work_dir=tmp_path / 'parts', **OPTIONS)
    interrupted.register_hook(InterruptHook())
    with pytest.raises(Interrupted):
        interrupted.train()
    digits_runner(PCL, work_dir=tmp_path / 'parts', resume=True, **OPTIONS).train()
    whole, parts = (torch.load(tmp_path / run / 'epoch_3.pth', weights_only=True) for run in ('whole', 'parts'))
    assert whole['state_dict'].keys() == parts['state_dict'].keys()
    for name, value in whole['state_dict'].items():
        assert value.equal(parts['state_dict'][name]), name
    assert whole['state_dict']['head.prototypes.counts'].sum() == len(whole['state_dict']['head.prototypes.centroids'])
    terms = [run['message_hub']['log_scalars']['train/prototype_term']['values'] for run in (whole, parts)]
    assert terms[0].equal(terms[1])
    assert not terms[0][:5].any() and terms[0][5:].all()  # 5 steps an epoch; the first clustering follows the first


def test_centroids_of_the_backbones_features_are_refused_before_training(digits_runner, tmp_path):
    runner = digits_runner(PCL, default_hooks__false_negative__cluster_feature='f')
    with pytest.raises(ValueError, match="cluster_feature='f' of FalseNegativeHook gives centroids of another space"):
        runner.train()
    assert not list(tmp_path.glob('*.pth'))
