"""Layer-wise adaptive rate scaling without a host synchronisation."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from mmifnd.registry import OPTIMIZERS


@OPTIMIZERS.register_module()
class LARS(torch.optim.Optimizer):
    """SGD whose step for each tensor is scaled to the tensor's length (You, Gitman and Ginsburg 2017, Algorithm 1).

    The learning rate of a tensor w with gradient g is ``lr * eta |w| / (|g| + weight_decay |w| + eps)``, or ``lr`` if w or g is
    0. Equal to mmpretrain's ``LARS``, including options and the names of its state; that one reads two numbers from the device
    for every tensor in every step, this one none.

    Args:
        params (iterable): tensors, or groups of them. A group with ``lars_exclude=True`` is not scaled.
        lr (float): >= 0.
        momentum (float): >= 0.
        weight_decay (float): >= 0, L2 penalty.
        dampening (float): share of a gradient that does not enter the momentum.
        eta (float): >= 0, trust in the length of a tensor.
        nesterov (bool): look ahead along the momentum.
        eps (float): added to the divisor.

    Raises:
        ValueError: if a number is negative, or Nesterov's momentum comes without momentum or with dampening.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([3., 4.]))
        >>> weight.grad = torch.tensor([0., 2.])
        >>> LARS([weight], lr=1., eta=0.1, eps=0.).step()
        >>> weight.data  # the step is 0.1 x 5 / 2 times the gradient
        tensor([3.0000, 3.5000])
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[dict[str, Any]], lr: float, momentum: float = 0.,
                 weight_decay: float = 0., dampening: float = 0., eta: float = 0.001, nesterov: bool = False,
                 eps: float = 1e-8) -> None:
        for name, value in dict(lr=lr, momentum=momentum, weight_decay=weight_decay, eta=eta).items():
            if value < 0:
                raise ValueError(f'{name}={value} of LARS is negative; give 0 or more')
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(f'nesterov=True of LARS needs momentum > 0 and dampening=0, got {momentum} and {dampening}')
        self.eps = eps
        super().__init__(params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
                                      nesterov=nesterov, eta=eta))

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Update all parameters that have a gradient; returns what ``closure``, which is called first, returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [param for param in group['params'] if param.grad is not None]
            if params:
                self._update(params, group)
        return loss

    def _update(self, params: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [param.grad for param in params]
        steps = torch._foreach_add(gradients, params, alpha=group['weight_decay'])
        if group.get('lars_exclude', False):
            torch._foreach_mul_(steps, group['lr'])
        else:
            torch._foreach_mul_(steps, list(self._rates(params, gradients, group).unbind()))
        if group['momentum']:
            steps = self._with_momentum(params, steps, group)
        torch._foreach_sub_(params, steps)

    def _rates(self, params: list[Tensor], gradients: list[Tensor], group: dict[str, Any]) -> Tensor:
        """The learning rate of each tensor, (P,), on its device."""
        lengths, slopes = (torch.stack(torch._foreach_norm(tensors)) for tensors in (params, gradients))
        scaled = group['eta'] * lengths / (slopes + group['weight_decay'] * lengths + self.eps)
        return group['lr'] * torch.where((lengths > 0) & (slopes > 0), scaled, torch.ones_like(scaled))

    def _with_momentum(self, params: list[Tensor], steps: list[Tensor], group: dict[str, Any]) -> list[Tensor]:
        started = [number for number, param in enumerate(params) if 'momentum_buffer' in self.state[param]]
        for number, (param, step) in enumerate(zip(params, steps, strict=True)):
            if number not in started:
                self.state[param]['momentum_buffer'] = step.clone()
        buffers = [self.state[param]['momentum_buffer'] for param in params]
        if started:
            old = [buffers[number] for number in started]
            torch._foreach_mul_(old, group['momentum'])
            torch._foreach_add_(old, [steps[number] for number in started], alpha=1 - group['dampening'])
        return torch._foreach_add(steps, buffers, alpha=group['momentum']) if group['nesterov'] else buffers
