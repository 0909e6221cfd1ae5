"""The solution of many small softmax regressions at once, to the optimum.

Shapes: T independent problems, n images each, D dimensions, C classes, r = min(n, D).
"""

import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

_GRADIENT_TOLERANCE = 1e-9
_MAX_NEWTON_STEPS = 100
_MAX_CONJUGATE_STEPS = 500
_MAX_HALVINGS = 40


def fit_softmax_regression(features: Tensor, targets: Tensor, num_classes: int, l2: float) -> tuple[Tensor, Tensor]:
    r"""Minimise the mean cross entropy + (l2 / 2) ||W||^2 (biases are free) for T problems at once.

    Newton's method with conjugate gradients and step halving, in float64. Two changes of variables make it fast. After
    centring, W is in the span of the images, whose singular value decomposition leaves r coordinates instead of D. And as
    the Hessian of the cross entropy is at most :math:`X^\top X / 2n` (Böhning 1992), dividing coordinate j by
    :math:`\sqrt{s_j^2 / 2n + l2}` bounds the whole Hessian by the identity.

    Args:
        features (Tensor): (T, n, D).
        targets (Tensor): classes of the n images, the same for all problems, int64 in [0, C), (n,).
        num_classes (int): C.
        l2 (float): > 0; makes W unique. Biases are unique up to a constant; those with sum 0 are returned.

    Returns:
        tuple[Tensor, Tensor]: weight (T, D, C) and bias (T, C), float64: logits are features @ weight + bias.

    Warns:
        RuntimeWarning: if the gradient did not fall below 1e-9 (l2 very small, or features badly scaled).

    Example:
        >>> weight, bias = fit_softmax_regression(torch.tensor([[[0.], [1.]]]), torch.tensor([0, 1]), num_classes=2, l2=0.01)
        >>> weight
        tensor([[[-2.8180,  2.8180]]], dtype=torch.float64)
    """
    features = features.double()
    mean = features.mean(1, keepdim=True)
    problem, to_weight = _reduce(features - mean, targets, num_classes, l2)
    solution = problem.solve()
    weight = to_weight @ solution[:, :-1]
    bias = solution[:, -1] * 2**0.5 - (mean @ weight)[:, 0]
    return weight, bias


def _reduce(centred: Tensor, targets: Tensor, num_classes: int, l2: float) -> tuple['_ScaledProblem', Tensor]:
    """The problem in scaled coordinates, and the matrix (T, D, r) that maps its weights back to W."""
    num_problems, num_images, _ = centred.shape
    left, singular, right = torch.linalg.svd(centred, full_matrices=False)
    scale = (singular.square() / (2 * num_images) + l2).rsqrt()
    # The constant column carries the bias; centred features are orthogonal to it. sqrt(2) brings its bound to 1, too.
    constant = centred.new_full((num_problems, num_images, 1), 2**0.5)
    design = torch.cat([left * (singular * scale)[:, None], constant], dim=-1)
    decay = torch.cat([l2 * scale.square(), scale.new_zeros(num_problems, 1)], dim=-1)[..., None]
    one_hot = torch.eye(num_classes, dtype=design.dtype, device=design.device)[targets]
    return _ScaledProblem(design, one_hot, decay), right.mT * scale[:, None]


class _ScaledProblem:
    """The mean cross entropy + quadratic penalty of coefficients w (T, r + 1, C); its Hessian is at most the identity."""

    def __init__(self, design: Tensor, one_hot: Tensor, decay: Tensor) -> None:
        self.design, self.one_hot, self.decay = design, one_hot, decay
        self.averaged = design.mT.contiguous() / design.shape[1]

    def evaluate(self, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The probabilities (T, n, C), objective (T, 1, 1) and its gradient (T, r + 1, C)."""
        log_probability = (self.design @ w).log_softmax(-1)
        probability = log_probability.exp()
        cross_entropy = -_dot(log_probability, self.one_hot) / self.design.shape[1]
        gradient = self.averaged @ (probability - self.one_hot) + self.decay * w
        return probability, cross_entropy + _dot(self.decay * w, w) / 2, gradient

    def hessian_product(self, w: Tensor, probability: Tensor) -> Tensor:
        """The product of the Hessian at ``probability`` with w."""
        change = self.design @ w
        change = change - (probability * change).sum(-1, keepdim=True)
        return self.averaged @ (probability * change) + self.decay * w

    def solve(self) -> Tensor:
        """The coefficients (T, r + 1, C) at the optimum."""
        w = self.design.new_zeros(len(self.design), self.design.shape[-1], self.one_hot.shape[-1])
        probability, value, gradient = self.evaluate(w)
        for _ in range(_MAX_NEWTON_STEPS):
            if gradient.abs().max() < _GRADIENT_TOLERANCE:
                return w
            step = _conjugate_gradients(partial(self.hessian_product, probability=probability), gradient)
            w, probability, value, gradient = self._descend(w, value, step, slope=_dot(gradient, step))
        warnings.warn(f'softmax regression stopped at a gradient of {gradient.abs().max():.1e}, expected '
                      f'{_GRADIENT_TOLERANCE}; take a larger l2', RuntimeWarning, stacklevel=3)
        return w

    def _descend(self, w: Tensor, value: Tensor, step: Tensor, slope: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Move along -step, halving it for each problem until its objective falls (Armijo's rule).

        Close to the optimum rounding hides the fall, so 1e-12 is forgiven; there the full Newton step is right.
        """
        length = torch.ones_like(value)
        for _ in range(_MAX_HALVINGS):
            candidate = w - length * step
            probability, reached, gradient = self.evaluate(candidate)
            too_far = reached > value - 1e-4 * length * slope + 1e-12 * (1 + value)
            if not too_far.any():
                break
            length = torch.where(too_far, length / 2, length)
        return candidate, probability, reached, gradient


def _conjugate_gradients(product: Callable[[Tensor], Tensor], right: Tensor) -> Tensor:
    """Solve product(x) = right for T systems, more exactly for a smaller ``right``, so that Newton converges fast."""
    x, residual, direction = torch.zeros_like(right), right, right
    squared = _dot(residual, residual)
    enough = (squared * squared.sqrt().clamp(max=0.01)).clamp(min=(_GRADIENT_TOLERANCE / 10)**2)
    for _ in range(_MAX_CONJUGATE_STEPS):
        active = squared > enough
        if not active.any():
            break
        image = product(direction)
        length = torch.where(active, squared / _dot(direction, image), 0.0)
        x, residual = x + length * direction, residual - length * image
        previous, squared = squared, _dot(residual, residual)
        direction = residual + torch.where(active, squared / previous, 0.0) * direction
    return x


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """The inner product of each problem, (T, 1, 1)."""
    return (a * b).sum(dim=(1, 2), keepdim=True)
