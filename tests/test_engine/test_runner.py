import pytest
import torch


def test_kernels_and_their_averages_have_their_channels_last(digits_runner):
    runner = digits_runner('configs/baselines/moco_digits.py', epochs=1, env_cfg__channels_last=True)
    runner.train()
    kernels = [kernel for kernel in runner.model.parameters() if kernel.dim() == 4 and kernel.shape[1] > 1]
    states = runner.optim_wrapper.optimizer.state
    averages = [states[kernel]['exp_avg'] for kernel in kernels if kernel in states]
    assert len(kernels) > len(averages) > 0  # the momentum encoder has no optimizer
    assert all(tensor.is_contiguous(memory_format=torch.channels_last) for tensor in (*kernels, *averages))


def test_channels_are_first_unless_the_config_has_them_last(digits_runner):
    runner = digits_runner('configs/baselines/simclr_digits.py', epochs=1)
    assert all(kernel.is_contiguous() for kernel in runner.model.parameters())


def test_the_layout_changes_losses_by_no_more_than_rounding(digits_runner, tmp_path):
    losses = []
    for is_last in (True, False):
        runner = digits_runner('configs/baselines/simclr_digits.py', epochs=1, work_dir=tmp_path / str(is_last),
                               env_cfg__channels_last=is_last)
        runner.train()
        losses.append(runner.message_hub.get_scalar('train/loss').data[0].tolist())
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.parametrize('channels, stride, is_last', [(4, 2, False), (7, 2, False), (8, 2, True), (4, 1, True)])
def test_models_in_which_torch_overruns_its_memory_keep_their_layout(channels, stride, is_last, digits_runner):
    """torch 2.13 on a CPU: the gradient of a 1 x 1 convolution with stride 2 and fewer than 8 channels, channels last."""
    runner = digits_runner('configs/baselines/simclr_digits.py', epochs=1, env_cfg__channels_last=True)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, channels, 3), torch.nn.Conv2d(channels, 2 * channels, 1, stride=stride))
    kernel = next(runner.wrap_model(None, model).parameters())
    assert kernel.is_contiguous(memory_format=torch.channels_last) == is_last


def test_a_run_goes_on_where_the_console_is_lost(digits_runner, lost_console, tmp_path):
    reason = lost_console('stderr')
    runner = digits_runner('configs/baselines/simclr_digits.py', epochs=1, log_level='INFO')
    runner.train()
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert runner.epoch == 1 and log.count('could not be written') == 1
    assert f'WARNING - standard error could not be written ({reason}): lines are missing there, and the work goes on' in log
