"""A watch for steps that do not move the parameters."""

from mmengine.optim import OptimWrapper


class UpdateWatch:
    """Sees the updates that a gradient scaler leaves out since scaled gradients overflowed (mixed precision).

    An optimizer that takes the scaler's word itself (``fused=True``) seems to have stepped always.

    Args:
        optim_wrapper (OptimWrapper): of the training; any other than one with a ``loss_scaler`` updates whenever it is due.
    """

    def __init__(self, optim_wrapper: OptimWrapper) -> None:
        self._wrapper = optim_wrapper
        self._has_scaler = hasattr(optim_wrapper, 'loss_scaler')
        self._has_stepped = False
        if self._has_scaler:
            optim_wrapper.optimizer.register_step_post_hook(self._note)

    def left_out(self) -> bool:
        """Whether the last step should have moved the parameters, and did not; to be asked after each step."""
        has_stepped, self._has_stepped = self._has_stepped, False
        return self._has_scaler and self._wrapper.should_update() and not has_stepped

    def _note(self, optimizer, args, kwargs) -> None:
        self._has_stepped = True
