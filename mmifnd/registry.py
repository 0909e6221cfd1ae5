"""Child registries of all of mmpretrain's, in the scope ``mmifnd``: one config mixes both.

A registry imports its own locations only, never those of its parent, so each child repeats them. All of mmpretrain's
registries need a child: a missing one falls through to mmengine's and finds nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.registry import DefaultScope, Registry
from mmpretrain import registry as _parents

from .compat import ensure_torchvision

ensure_torchvision()


def _child(parent: Registry, *rooms: str) -> Registry:
    """A registry in the scope ``mmifnd`` that searches ``rooms`` of mmifnd first and then all that the parent searches."""
    locations = [f'mmifnd.{room}' for room in rooms] + list(parent._locations)
    return Registry(parent.name, parent=parent, scope='mmifnd', locations=locations)


@contextmanager
def default_scope() -> Iterator[None]:
    """Resolve names without a prefix in mmifnd's registries first, as a runner does; a scope of the user's own stays.

    Whatever is built outside of a runner needs it: without a scope mmengine knows its own names only.
    """
    current = DefaultScope.get_current_instance()
    if current is not None and current.scope_name != 'mmengine':
        yield
        return
    with DefaultScope.overwrite_default_scope('mmifnd'):
        yield


RUNNERS = _child(_parents.RUNNERS)
RUNNER_CONSTRUCTORS = _child(_parents.RUNNER_CONSTRUCTORS)
LOOPS = _child(_parents.LOOPS, 'engine')
HOOKS = _child(_parents.HOOKS, 'engine')
LOG_PROCESSORS = _child(_parents.LOG_PROCESSORS, 'engine')
OPTIMIZERS = _child(_parents.OPTIMIZERS, 'engine')
OPTIM_WRAPPERS = _child(_parents.OPTIM_WRAPPERS, 'engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(_parents.OPTIM_WRAPPER_CONSTRUCTORS)
PARAM_SCHEDULERS = _child(_parents.PARAM_SCHEDULERS)

DATASETS = _child(_parents.DATASETS, 'datasets')
DATA_SAMPLERS = _child(_parents.DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child(_parents.TRANSFORMS, 'datasets')

MODELS = _child(_parents.MODELS, 'models')
MODEL_WRAPPERS = _child(_parents.MODEL_WRAPPERS)
WEIGHT_INITIALIZERS = _child(_parents.WEIGHT_INITIALIZERS)
BATCH_AUGMENTS = _child(_parents.BATCH_AUGMENTS)
TASK_UTILS = _child(_parents.TASK_UTILS, 'engine', 'models')
TOKENIZER = _child(_parents.TOKENIZER, 'datasets')

METRICS = _child(_parents.METRICS, 'engine')
EVALUATORS = _child(_parents.EVALUATORS)

VISUALIZERS = _child(_parents.VISUALIZERS)
VISBACKENDS = _child(_parents.VISBACKENDS)
