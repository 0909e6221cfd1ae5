"""The places that `mutations.py` breaks: what, where, and which tests should notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One defect.

    Attributes:
        name (str): what goes wrong.
        file (str): where, from the top of the checkout.
        old (str), new (str): the text there, found once, and what replaces it.
        tests (tuple[str, ...]): files or folders of the tests that guard the place, the likeliest first.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


FUNCTIONAL = 'tests/test_functional'
DETECTORS = 'tests/test_detectors'
FRAMEWORKS = 'tests/test_models/test_frameworks'
HEADS = 'tests/test_models/test_heads'
CLUSTERING = 'tests/test_clustering'
DATASETS = 'tests/test_datasets'
ENGINE = 'tests/test_engine'
EVALUATION = 'tests/test_evaluation'
DISTRIBUTED = 'tests/test_distributed'

CONTRASTIVE = 'mmifnd/functional/contrastive.py'
THRESHOLDS = 'mmifnd/functional/thresholds.py'
TRANSPORT = 'mmifnd/functional/optimal_transport.py'
PROTOTYPES = 'mmifnd/functional/prototypes.py'
GLOBAL = 'mmifnd/functional/global_contrastive.py'
SOFT = 'mmifnd/functional/soft_labels.py'
SANE = 'mmifnd/functional/self_labeling.py'
LABELS = 'mmifnd/detectors/pseudo_label.py'
QUANTILE = 'mmifnd/detectors/quantile_threshold.py'
RANDOM = 'mmifnd/detectors/random.py'
ACCEPTANCE = 'mmifnd/clustering/acceptance.py'
QUEUE = 'mmifnd/models/frameworks/key_queue.py'
MOCO = 'mmifnd/models/frameworks/moco.py'
SWAV = 'mmifnd/models/frameworks/swav.py'
LOOP = 'mmifnd/engine/loops/epoch_loop.py'
STATE = 'mmifnd/engine/checkpoints/random_state.py'
FORMAT = 'mmifnd/engine/checkpoints/checkpoint_format.py'
RATES = 'mmifnd/evaluation/rates.py'
KNN = 'mmifnd/evaluation/knn.py'
PROBE = 'mmifnd/evaluation/linear_probe.py'

TEST_LOSSES = (f'{FUNCTIONAL}/test_contrastive_losses.py', FUNCTIONAL)
TEST_TRANSPORT = (f'{FUNCTIONAL}/test_optimal_transport.py', FUNCTIONAL)
TEST_PROTOTYPES = (f'{FUNCTIONAL}/test_prototypes.py', FUNCTIONAL)
TEST_GLOBAL = (f'{FUNCTIONAL}/test_global_contrastive.py', FUNCTIONAL)
TEST_SOFT = (f'{FUNCTIONAL}/test_soft_labels.py', FUNCTIONAL)
TEST_THRESHOLDS = (f'{FUNCTIONAL}/test_thresholds.py', FUNCTIONAL)
TEST_LABELS = (f'{DETECTORS}/test_label_detectors.py', DETECTORS)
TEST_QUANTILE = (f'{DETECTORS}/test_quantile_threshold.py', DETECTORS)
TEST_RANDOM = (f'{DETECTORS}/test_random_detector.py', DETECTORS)
TEST_ACCEPTANCE = (f'{CLUSTERING}/test_acceptance.py', CLUSTERING)
TEST_QUEUE = (f'{FRAMEWORKS}/test_key_queue.py', FRAMEWORKS)
TEST_MOCO = (f'{FRAMEWORKS}/test_moco.py', FRAMEWORKS)
TEST_SWAV = (f'{FRAMEWORKS}/test_swav.py', FRAMEWORKS)
TEST_RANKS = (f'{DISTRIBUTED}/test_one_process_equals_many.py', DISTRIBUTED)
TEST_FORMAT = (f'{ENGINE}/test_checkpoint_format.py', f'{ENGINE}/test_checkpoint_hooks.py')
TEST_RESUME = (f'{ENGINE}/test_resume.py', 'tests/test_reliability')
TEST_RATES = (f'{EVALUATION}/test_true_rates.py',)
TEST_KNN = (f'{EVALUATION}/test_knn_evaluation.py',)
TEST_PROBE = (f'{EVALUATION}/test_linear_probe.py',)

MUTATIONS = [
    # --- losses ---------------------------------------------------------------------------------------------------------
    Mutation('sign of the positive', CONTRASTIVE, 'logsumexp(dim=2) - positive.squeeze(1)',
             'logsumexp(dim=2) + positive.squeeze(1)', TEST_LOSSES),
    Mutation('removed logits become 0 instead of -inf', CONTRASTIVE, 'masked_fill(F.pad(removed, (1, 0)), -torch.inf)',
             'masked_fill(F.pad(removed, (1, 0)), 0)', TEST_LOSSES),
    Mutation('negatives without temperature', CONTRASTIVE, 'divide_present(negative.to(wide), temperature)',
             'negative.to(wide)', TEST_LOSSES),
    Mutation('attraction forgets the own positive', CONTRASTIVE, '(1 + same.sum(dim=2))', 'same.sum(dim=2).clamp(min=1)',
             TEST_LOSSES),
    Mutation('mean over positives inside the logarithm, SupCon L_in', CONTRASTIVE,
             'attracted = positive.squeeze(1) + negative.masked_fill(~same, 0).sum(dim=2)',
             'attracted = positive.squeeze(1).logaddexp(negative.masked_fill(~same, -torch.inf).logsumexp(dim=2))'
             ' * (1 + same.sum(dim=2)) - (1 + same.sum(dim=2)).log()', TEST_LOSSES),
    Mutation('re-weighting upside down', CONTRASTIVE, 'kept + F.pad(_log_share_kept', 'kept - F.pad(_log_share_kept',
             TEST_LOSSES),
    Mutation('a row of the dynamic loss counts removed negatives', GLOBAL,
             'count = present.sum(dim=-1, keepdim=True, dtype=torch.int32).clamp(min=1)',
             'count = torch.full_like(present.sum(dim=-1, keepdim=True), present.shape[-1])', TEST_GLOBAL),
    Mutation('gamma weighs the old average', GLOBAL,
             'torch.logaddexp(log_average + old_weight, log_estimate + math.log(gamma))',
             'torch.logaddexp(log_average + math.log(gamma), log_estimate + old_weight)', TEST_GLOBAL),
    Mutation('sum instead of mean over the kept negatives', GLOBAL, 'kept.logsumexp(dim=-1) - count.to(kept.dtype).log()',
             'kept.logsumexp(dim=-1)', TEST_GLOBAL),
    Mutation('mean of an image loses its peak', 'mmifnd/image_table.py', 'mean.log() + peak', 'mean.log()',
             (f'{HEADS}/test_sogclr.py', HEADS)),
    Mutation('gamma rises again after its last epoch', GLOBAL, 'if epoch >= decay_epochs', 'if epoch == decay_epochs',
             TEST_GLOBAL),
    Mutation('SCE weighs the other part of the label', SOFT,
             'return 1 - (1 - weight) * present.to(shares.dtype), (1 - weight) * shares',
             'return 1 - weight * present.to(shares.dtype), weight * shares', TEST_SOFT),
    Mutation("SCE's label from the query instead of the key", 'mmifnd/models/heads/sce.py', 'contrast.key_similarity',
             'contrast.negative_similarity', (f'{HEADS}/test_soft_label_heads.py', HEADS)),
    Mutation("SANE's prior falls instead of growing", SANE, 'return end - (end - start)', 'return start + (end - start)',
             TEST_SOFT),
    Mutation("SANE's second label has the confidence of the first", SANE, 'second = prior * q.amax', 'second = prior * p.amax',
             TEST_SOFT),
    Mutation('mixup weighs the partner by the share of its own', 'mmifnd/models/frameworks/momentum_mixup.py',
             'return share * own_term + (1 - share) * partner_term', 'return (1 - share) * own_term + share * partner_term',
             (f'{FRAMEWORKS}/test_momentum_mixup.py', FRAMEWORKS)),

    # --- SwAV and PCL ---------------------------------------------------------------------------------------------------
    Mutation('Sinkhorn normalises rows only', TRANSPORT, "reduce(logs.exp().sum(dim=-2, keepdim=True), 'sum')",
             "reduce(logs.exp().sum(dim=-1, keepdim=True), 'sum')", TEST_TRANSPORT),
    Mutation('Sinkhorn normalises by the rows of one process', TRANSPORT,
             "reduce(logs.exp().sum(dim=-2, keepdim=True), 'sum')", 'logs.exp().sum(dim=-2, keepdim=True)',
             (f'{DISTRIBUTED}/test_codes.py', DISTRIBUTED)),
    Mutation('a crop predicts its own code', TRANSPORT, '(total - log_probability[crop])', 'log_probability[crop]',
             TEST_TRANSPORT),
    Mutation('codes are taken for those of the first crops', TRANSPORT, 'zip(codes, crops_for_assign, strict=True)',
             'zip(codes, range(len(codes)), strict=True)', TEST_TRANSPORT),
    Mutation('a queue of SwAV is used before it is full', SWAV, 'self._queued == len(self.queue) else 0',
             'self._queued else 0', TEST_SWAV),
    Mutation('a resumed queue of SwAV does not count image 0', SWAV, "'queue.index'] >= 0", "'queue.index'] > 0", TEST_SWAV),
    Mutation('prototypes thaw a step early', 'mmifnd/models/heads/swav.py', 'self.step <= self.freeze_iterations',
             'self.step < self.freeze_iterations', TEST_SWAV),
    Mutation('images without a label share a mean', 'mmifnd/slots.py', ' | (ordered[1:] < 0)', '',
             (f'{FUNCTIONAL}/test_row_means.py', FUNCTIONAL)),
    Mutation('concentration without the size of the cluster', PROTOTYPES, 'size.clamp(min=1) * (size + alpha).log()',
             '(size + alpha).log()', TEST_PROTOTYPES),
    Mutation('a positive prototype is drawn as a negative', PROTOTYPES, 'draw.masked_fill(chosen, -torch.inf)', 'draw',
             TEST_PROTOTYPES),
    Mutation('an image without a cluster has prototype 0', PROTOTYPES,
             'torch.where(labels >= 0, logits.logsumexp(dim=1) - positive, 0)', '(logits.logsumexp(dim=1) - positive)',
             TEST_PROTOTYPES),
    Mutation('prototypes are drawn around the images of one process', 'mmifnd/models/heads/proto_nce.py',
             'self.clusters.labels_of(gather(contrast.anchor_index))', 'self.clusters.labels_of(contrast.anchor_index)',
             TEST_RANKS),

    # --- detectors and thresholds ---------------------------------------------------------------------------------------
    Mutation('-1 equals -1', LABELS, 'anchor = anchor.masked_fill(anchor < 0, NOT_ACCEPTED - 1)', 'anchor = anchor',
             TEST_LABELS),
    Mutation('an empty slot has the label of image 0', LABELS, '.masked_fill(index < 0, NOT_ACCEPTED)', '', TEST_LABELS),
    Mutation('images without a group are counted as one', 'mmifnd/detectors/group.py', 'grouped = groups[groups >= 0]',
             'grouped = groups', (f'{DETECTORS}/test_group.py', DETECTORS)),
    Mutation('a union wants all of its parts', 'mmifnd/detectors/union.py', 'joined = joined | mask', 'joined = joined & mask',
             (f'{DETECTORS}/test_union_detector.py', DETECTORS)),
    Mutation('the least similar k', 'mmifnd/detectors/top_k.py', 'score.topk(min(self.k, score.shape[1]), dim=1)',
             'score.topk(min(self.k, score.shape[1]), dim=1, largest=False)', (f'{DETECTORS}/test_top_k.py', DETECTORS)),
    Mutation('the margin on the wrong side', 'mmifnd/detectors/margin.py', 'positive + self.margin', 'positive - self.margin',
             (f'{DETECTORS}/test_margin.py', DETECTORS)),
    Mutation('a relative margin of a negative similarity', 'mmifnd/detectors/margin.py', 'positive.abs()', 'positive',
             (f'{DETECTORS}/test_margin.py', DETECTORS)),
    Mutation('the random control keeps its first rate', RANDOM, 'self.rates[min(epoch, len(self.rates) - 1)]',
             'self.rates[0]', TEST_RANDOM),
    Mutation('the random control keeps what it should remove', RANDOM, 'draw < self.rate', 'draw >= self.rate', TEST_RANDOM),
    Mutation('thresholds learn an epoch late', QUANTILE, 'if self._epoch < self.first_epoch',
             'if self._epoch <= self.first_epoch', TEST_QUANTILE),
    Mutation('thresholds are used an epoch late', 'mmifnd/detectors/filter_gate.py', 'fill_(epoch >= self.epoch)',
             'fill_(epoch > self.epoch)', TEST_QUANTILE),
    Mutation('the rate of thresholds falls from epoch 0 on', QUANTILE, '(epoch - self.first_epoch) / (max_epochs',
             'epoch / (max_epochs', TEST_QUANTILE),
    Mutation('threshold moves away from the quantile', THRESHOLDS, 'gradient = alpha - above.double()',
             'gradient = -alpha + above.double()', TEST_THRESHOLDS),
    Mutation('the second moment is corrected by the first beta', THRESHOLDS, '_seen_share(betas[1], step)',
             '_seen_share(betas[0], step)', TEST_THRESHOLDS),
    Mutation('rows of one image are summed', 'mmifnd/image_table.py', 'means.append(total / number.clamp(min=1))',
             'means.append(total)', TEST_QUANTILE),
    Mutation('detect before observe', 'mmifnd/models/heads/contrastive.py',
             '''        if self.training:
            self.detector.observe(contrast)
        false_negative = self.detector.detect(contrast)
''', '''        false_negative = self.detector.detect(contrast)
        if self.training:
            self.detector.observe(contrast)
''', (f'{HEADS}/test_contrastive_heads.py', HEADS)),

    # --- clustering -----------------------------------------------------------------------------------------------------
    Mutation('0.29 x 100 accepts 28', ACCEPTANCE, 'rate * len(confidence) + 1e-9', 'rate * len(confidence)', TEST_ACCEPTANCE),
    Mutation('full_at is not read', ACCEPTANCE, 'min(progress / self.full_at, 1.)', 'min(progress, 1.)', TEST_ACCEPTANCE),
    Mutation('the least confident are accepted', ACCEPTANCE, 'argsort(descending=True', 'argsort(descending=False',
             TEST_ACCEPTANCE),
    Mutation('confidence without temperature', 'mmifnd/clustering/assignment.py', '.clamp(min=1e-12) * temperature)',
             '.clamp(min=1e-12))', ('tests/test_clustering/test_assignment.py', 'tests/test_clustering')),
    Mutation('the widest clusters are the surest', 'mmifnd/clustering/confidence.py', 'return -phi[labels.long()]',
             'return phi[labels.long()]', (f'{CLUSTERING}/test_confidence.py', CLUSTERING)),
    Mutation('k-means sums the rows of one process', 'mmifnd/clustering/lloyd.py', "sums = share.reduce(sums, 'sum')",
             'sums = sums', ('tests/test_distributed/test_distributed_clustering.py',)),
    Mutation('warm starts never meet a cold one', 'mmifnd/clustering/kmeans.py',
             'if previous is None or also_cold or num_clusters < MANY_CLUSTERS:', 'if previous is None:',
             ('tests/test_clustering/test_kmeans.py',)),
    Mutation('the initial clustering does not begin at progress 0', 'mmifnd/engine/hooks/false_negative_hook.py',
             'completed / runner.max_epochs', '(completed + 1) / runner.max_epochs',
             (f'{ENGINE}/test_false_negative_hook.py', ENGINE)),

    # --- frameworks and many processes ----------------------------------------------------------------------------------
    Mutation('rank offset of the anchor', 'mmifnd/models/frameworks/simclr.py', 'positions = rows + rank() * len(rows)',
             'positions = rows', TEST_RANKS),
    Mutation('gradient of gathered rows not summed', 'mmifnd/distributed.py',
             'total = all_reduce(', 'total = (', TEST_RANKS),
    Mutation('keys stay shuffled', 'mmifnd/models/frameworks/shuffle_bn.py',
             'gather(rows)[self.dealt.argsort()]', 'gather(rows)[self.dealt]', TEST_RANKS),
    Mutation('queue keeps the first keys of a large batch', QUEUE, 'index[count - kept:]', 'index[:kept]', TEST_QUEUE),
    Mutation('queue starts with image 0 in each slot', QUEUE, 'torch.full((length,), -1, dtype=torch.int64)',
             'torch.zeros(length, dtype=torch.int64)', TEST_QUEUE),
    Mutation('the same image stays a negative', MOCO, 'absent = self.queue.index == index.unsqueeze(1)',
             'absent = self.queue.index < -1', TEST_MOCO),
    Mutation('momentum the wrong way round', MOCO, 'get_ema_multi_avg_fn(momentum)', 'get_ema_multi_avg_fn(1 - momentum)',
             TEST_MOCO),

    # --- training, checkpoints ------------------------------------------------------------------------------------------
    Mutation('views do not change with the epoch', 'mmifnd/datasets/indexed.py', 'sample_seed(self.seed, self.epoch, index)',
             'sample_seed(self.seed, index)', (f'{DATASETS}/test_indexed_dataset.py', DATASETS)),
    Mutation('a resumed epoch skips steps instead of images', LOOP, 'self.steps_done * self.dataloader.batch_size',
             'self.steps_done', TEST_RESUME),
    Mutation("numpy's generator is not restored", STATE,
             'np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))', 'pass', TEST_RESUME),
    Mutation("torch's generator is not restored", STATE, "torch.set_rng_state(state['torch'].cpu())", 'pass', TEST_RESUME),
    Mutation('every process resumes the generators of the first', 'mmifnd/engine/checkpoints/resume.py',
             "states[number]['random']", "states[0]['random']", (*TEST_RESUME, DISTRIBUTED)),
    Mutation('a step that was left out moves the queue', LOOP, 'self.framework.drop_step()', 'self.framework.finish_step()',
             (f'{ENGINE}/test_update_watch.py', ENGINE)),
    Mutation('checksums of a checkpoint are not tested', 'mmifnd/checkpoint_file/reading.py',
             "found or problem or ''", "''", ('tests/test_checkpoint_file/test_reading.py',)),
    Mutation('sizes of storages are believed', 'mmifnd/checkpoint_file/archive.py', 'count * item != size', 'False',
             ('tests/test_checkpoint_file/test_reading.py',)),
    Mutation('contents are not part of the fingerprint', 'mmifnd/datasets/fingerprint.py', '_hash(read_regular(path))', "'x'",
             ('tests/test_datasets/test_fingerprint.py',)),
    Mutation('checksums of records are not compared', 'mmifnd/records/lines.py', 'return check is None or check ==',
             'return True or check ==', ('tests/test_records/test_damage.py',)),
    Mutation('a config inside a checkpoint is kept', FORMAT, "('meta', 'config'), ", '', TEST_FORMAT),
    Mutation('a checkpoint is written in place', 'mmifnd/files.py', 'os.replace(partial, path)',
             'path.write_bytes(Path(partial).read_bytes())', TEST_FORMAT),

    # --- measures -------------------------------------------------------------------------------------------------------
    Mutation('an image is its own false negative in MTPR', RATES, 'joint_sizes * (joint_sizes - 1)',
             'joint_sizes * joint_sizes', TEST_RATES),
    Mutation('MTNR counts images of the own class', RATES, '(cluster_sizes - joint_sizes)', 'cluster_sizes', TEST_RATES),
    Mutation('images that are not accepted are a cluster', RATES, 'int(bool((pseudo_labels < 0).any()))', '0', TEST_RATES),
    Mutation('exact quantiles count the image itself', 'mmifnd/evaluation/threshold_error.py', 'alpha * (len(unit) - 1)',
             'alpha * len(unit)', (f'{EVALUATION}/test_threshold_error.py',)),
    Mutation('neighbours are weighed by s T instead of s / T', KNN,
             '(similarity - similarity.amax(1, keepdim=True)) / temperature',
             '(similarity - similarity.amax(1, keepdim=True)) * temperature', TEST_KNN),
    Mutation('the penalty of a probe does not depend on the number of images', PROBE, '/ (l2 * len(train_labels))', '/ l2',
             TEST_PROBE),
    Mutation('test features are standardised by themselves', PROBE, 'classifier.predict(scaler.transform(features))',
             'classifier.predict(StandardScaler().fit_transform(features))', TEST_PROBE),
    Mutation('the envelope of precision from the left', 'mmifnd/evaluation/average_precision.py',
             'np.maximum.accumulate(precision[::-1])[::-1]', 'np.maximum.accumulate(precision)',
             (f'{EVALUATION}/test_average_precision.py',)),
    Mutation('RankMe without epsilon', 'mmifnd/evaluation/health.py', 'share = values / total + _EPSILON',
             'share = values / total', (f'{EVALUATION}/test_health.py',)),
    Mutation('RankMe of squared singular values', 'mmifnd/evaluation/health.py',
             'torch.where(squares > rounding, squares, 0.).sqrt()', 'torch.where(squares > rounding, squares, 0.)',
             (f'{EVALUATION}/test_health.py',)),
    Mutation('a share of the labels is rounded up', 'mmifnd/evaluation/draws.py',
             'int(fraction * len(members) + 1e-9)', 'round(fraction * len(members))',
             (f'{EVALUATION}/test_label_fractions.py',)),
    Mutation('labels of a depth depend on which folders are there', 'mmifnd/datasets/wordnet_depth.py',
             'names = sorted(set(self.groups.values()))', 'names = sorted({self.groups[wnid] for wnid in wnids})',
             (f'{DATASETS}/test_wordnet_depth.py',)),
    Mutation('the majority is that of the test images', 'mmifnd/evaluation/group_probe.py',
             'majority_accuracy(train_groups, groups)', 'majority_accuracy(groups, groups)',
             (f'{EVALUATION}/test_group_probe.py',)),
    Mutation('one-sided the wrong way', 'mmifnd/evaluation/significance.py', "alternative='greater'", "alternative='less'",
             (f'{EVALUATION}/test_significance.py',)),
    Mutation('runs are paired in the order in which they ended', 'mmifnd/evaluation/runs.py',
             '[of_b[seed] for seed in both]', 'list(of_b.values())[:len(both)]', ('tests/test_studies/test_study.py',)),
    Mutation('a config is not checked', 'mmifnd/configuration/config.py', '    check(config, path, task)\n', '',
             ('tests/test_configuration/test_config_checks.py',)),
    Mutation("an installed package takes a neighbour's configs", 'mmifnd/configuration/shipped.py',
             "(_PACKAGE / '.mim' / 'configs', _PACKAGE.parent / 'configs')",
             "(_PACKAGE.parent / 'configs', _PACKAGE / '.mim' / 'configs')", ('tests/test_configuration/test_shipped.py',)),
    Mutation('an unknown subcommand is a success', 'mmifnd/cli/command.py',
             "print(f'error: {problem}', file=sys.stderr)\n    return 2",
             "print(f'error: {problem}', file=sys.stderr)\n    return 0",
             ('tests/test_cli/test_command.py',)),
]
