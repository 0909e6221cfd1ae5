"""The places that `mutations.py` breaks: what, where, and which tests should notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One defect.

    Attributes:
        name (str): what goes wrong.
        file (str): where, from the top of the checkout.
        old (str), new (str): the text there, found once, and what replaces it.
        tests (tuple[str, ...]): folders or files of the tests that guard the place.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


FUNCTIONAL = ('tests/test_functional',)
DETECTORS = ('tests/test_detectors',)
FRAMEWORKS = ('tests/test_models/test_frameworks',)
HEADS = ('tests/test_models/test_heads',)
DISTRIBUTED = ('tests/test_distributed',)

CONTRASTIVE = 'mmifnd/functional/contrastive.py'
THRESHOLDS = 'mmifnd/functional/thresholds.py'
LABELS = 'mmifnd/detectors/pseudo_label.py'
ACCEPTANCE = 'mmifnd/clustering/acceptance.py'
QUEUE = 'mmifnd/models/frameworks/key_queue.py'
MOCO = 'mmifnd/models/frameworks/moco.py'

MUTATIONS = [
    Mutation('sign of the positive', CONTRASTIVE, 'logsumexp(dim=1) - positive.squeeze(1)',
             'logsumexp(dim=1) + positive.squeeze(1)', FUNCTIONAL),
    Mutation('removed logits become 0 instead of -inf', CONTRASTIVE, 'kept = negative.masked_fill(removed, -torch.inf)',
             'kept = negative.masked_fill(removed, 0)', FUNCTIONAL),
    Mutation('negatives without temperature', CONTRASTIVE, 'negative.to(wide) / temperature', 'negative.to(wide)', FUNCTIONAL),
    Mutation('attraction forgets the own positive', CONTRASTIVE, '(1 + same.sum(dim=1))', 'same.sum(dim=1).clamp(min=1)',
             FUNCTIONAL),
    Mutation('re-weighting upside down', CONTRASTIVE, 'kept = kept + _log_share_kept', 'kept = kept - _log_share_kept', FUNCTIONAL),
    Mutation('-1 equals -1', LABELS, 'anchor = anchor.masked_fill(anchor < 0, NOT_ACCEPTED - 1)', 'anchor = anchor', DETECTORS),
    Mutation('an empty slot has the label of image 0', LABELS, '.masked_fill(index < 0, NOT_ACCEPTED)', '', DETECTORS),
    Mutation('detect before observe', 'mmifnd/models/heads/contrastive.py',
             '''        if self.training:
            self.detector.observe(contrast)
        false_negative = self.detector.detect(contrast)
''', '''        false_negative = self.detector.detect(contrast)
        if self.training:
            self.detector.observe(contrast)
''', HEADS),
    Mutation('0.29 x 100 accepts 28', ACCEPTANCE, 'rate * len(confidence) + 1e-9', 'rate * len(confidence)',
             ('tests/test_clustering',)),
    Mutation('full_at is not read', ACCEPTANCE, 'min(progress / self.full_at, 1.)', 'min(progress, 1.)',
             ('tests/test_clustering',)),
    Mutation('the least confident are accepted', ACCEPTANCE, 'argsort(descending=True', 'argsort(descending=False',
             ('tests/test_clustering',)),
    Mutation('confidence without temperature', 'mmifnd/clustering/confidence.py', '@ unit_centroids.T / temperature',
             '@ unit_centroids.T', ('tests/test_clustering',)),
    Mutation('rank offset of the anchor', 'mmifnd/models/frameworks/simclr.py', 'own = rows + rank() * len(rows)', 'own = rows',
             DISTRIBUTED),
    Mutation('gradient of gathered rows not summed', 'mmifnd/models/frameworks/gather.py', '        dist.all_reduce(gradient)\n',
             '', DISTRIBUTED),
    Mutation('queue keeps the first keys of a large batch', QUEUE, 'index[count - kept:]', 'index[:kept]', FRAMEWORKS),
    Mutation('queue starts with image 0 in each slot', QUEUE, 'torch.full((length,), -1, dtype=torch.int64)',
             'torch.zeros(length, dtype=torch.int64)', FRAMEWORKS),
    Mutation('the same image stays a negative', MOCO, 'absent = self.queue.index == index.unsqueeze(1)',
             'absent = self.queue.index < -1', FRAMEWORKS),
    Mutation('momentum the wrong way round', MOCO, 'get_ema_multi_avg_fn(momentum)', 'get_ema_multi_avg_fn(1 - momentum)',
             FRAMEWORKS),
    Mutation('threshold moves away from the quantile', THRESHOLDS, 'gradient = alpha - above.double()',
             'gradient = -alpha + above.double()', FUNCTIONAL),
    Mutation('the second moment is corrected by the first beta', THRESHOLDS, '_seen_share(betas[1], step)',
             '_seen_share(betas[0], step)', FUNCTIONAL),
    Mutation('rows of one image are summed', 'mmifnd/image_table.py', 'means.append(total / number.clamp(min=1))',
             'means.append(total)', DETECTORS),
    Mutation('a row of the dynamic loss counts removed negatives', 'mmifnd/functional/global_contrastive.py',
             'count = present.sum(dim=-1, keepdim=True, dtype=torch.int32).clamp(min=1)',
             'count = torch.full_like(present.sum(dim=-1, keepdim=True), present.shape[-1])', FUNCTIONAL),
    Mutation('an image is its own false negative in MTPR', 'mmifnd/evaluation/rates.py', 'joint_sizes * (joint_sizes - 1)',
             'joint_sizes * joint_sizes', ('tests/test_evaluation/test_true_rates.py',)),
    Mutation('views do not change with the epoch', 'mmifnd/datasets/indexed.py', 'sample_seed(self.seed, self.epoch, index)',
             'sample_seed(self.seed, index)', ('tests/test_datasets',)),
    Mutation('a config inside a checkpoint is kept', 'mmifnd/engine/checkpoint_format.py', "('meta', 'config'), ", '',
             ('tests/test_engine/test_checkpoint_format.py', 'tests/test_engine/test_checkpoint_hooks.py')),
    Mutation('a checkpoint is written in place', 'mmifnd/engine/checkpoint_format.py',
             "partial = filepath.with_name(filepath.name + '.partial')", 'partial = filepath',
             ('tests/test_engine/test_checkpoint_format.py', 'tests/test_engine/test_checkpoint_hooks.py')),
]
