"""What each rank does in the tests of several processes. The same functions run in one process, without a group."""

import torch
import torch.distributed as dist
from small_models import Labels, build_framework, freeze_batch_statistics, spread_embeddings, texts_of, views_of

from mmifnd import distributed
from mmifnd.clustering import ConfidenceAcceptance, DistributedKMeans, KMeans, PseudoLabeler, RowShare
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.collate import keep_batch
from mmifnd.datasets.tensor_images import TensorImages
from mmifnd.distributed import (
    all_reduce,
    broadcast,
    broadcast_object,
    gather,
    gather_objects,
    gather_objects_on_main,
    gather_together,
    gather_with_gradient,
    is_main,
    rank,
    unwrap,
    world_size,
)
from mmifnd.engine.batch_norm import average_batch_statistics
from mmifnd.engine.features.clustering_across_ranks import label_across_ranks, label_share
from mmifnd.engine.features.feature_pass import extract_features, extract_share
from mmifnd.engine.features.image_batches import ImageBatches
from mmifnd.functional import sinkhorn_codes
from mmifnd.models.frameworks.feature_bank import FeatureBank
from mmifnd.models.frameworks.shuffle_bn import BatchShuffle


def fail_on(failing_rank):
    if rank() == failing_rank:
        raise ValueError(f'rank {failing_rank} was told to fail')
    return rank()


def count_ranks():
    total = torch.ones(1)
    dist.all_reduce(total)
    return int(total)


def mean_over_ranks(tensor):
    """As DistributedDataParallel averages gradients."""
    tensor = tensor.clone()
    if world_size() > 1:
        dist.all_reduce(tensor)
    return tensor / world_size()


# --- training: wall 6 -----------------------------------------------------------------------------------------------


def train(framework, head, detector, options, batch=8, steps=4, dtype=torch.float64):
    """Train on this rank's share of each global batch; everything that must not depend on the ranks, after each step."""
    model = freeze_batch_statistics(spread_embeddings(build_framework(framework, head, detector, **options).to(dtype)))
    model.publish(Labels())
    model.start_epoch(0, 1)
    model.keep_features('z', 40)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    losses, gradients, states = [], [], []
    for step in range(steps):
        index = torch.arange(batch) * 5 % 6 + step  # images come again, also on another rank in the same step
        own = slice(rank() * batch // world_size(), (rank() + 1) * batch // world_size())
        num_views = 4 if options.get('multi_crop') else 2
        views = [view[own] for view in views_of(index, step, dtype, num_views)]
        texts = dict(text=texts_of(index, step)[own]) if hasattr(model, 'text_backbone') else {}
        loss = model(views, index[own], mode='loss', **texts)['loss']
        for p in trained.values():
            p.grad = None
        loss.backward()
        with torch.no_grad():
            for p in trained.values():
                p.grad = mean_over_ranks(p.grad)
                p -= 0.003 * p.grad
        model.finish_step()
        losses.append(mean_over_ranks(loss.detach()).item())
        gradients.append({name: p.grad.clone() for name, p in trained.items()})
        states.append({name: value.clone() for name, value in model.state_dict().items()})
    return dict(losses=losses, gradients=gradients, states=states)


# --- gathering ------------------------------------------------------------------------------------------------------


def gather_and_differentiate(rows, weights):
    """Gradient of this rank's rows where each rank's loss weighs the gathered rows with its own weights, (W, W * B, D)."""
    own = rows[rank()].clone().requires_grad_()
    gathered = gather_with_gradient(own)
    (gathered * weights[rank()]).sum().backward()
    plain = gather(own)
    return gathered.detach(), own.grad, plain, plain.requires_grad


def exchange(values):
    """What each collective makes of this rank's row of ``values`` (W, n)."""
    own = values[rank()]
    reduced = {operation: all_reduce(own.clone(), operation) for operation in ('sum', 'mean', 'min', 'max')}
    columns = all_reduce(values.T.clone()[:, rank()], 'sum')  # a view with strides
    return dict(reduced, columns=columns, broadcast=broadcast(own.clone(), world_size() - 1),
                objects=gather_objects(dict(rank=rank())), object=broadcast_object(rank(), world_size() - 1),
                is_main=is_main())


def gather_columns(columns):
    """Columns (W, B, ...) of all ranks, by one exchange and by one each; and this rank's number, on rank 0 only."""
    own = [column[rank()] for column in columns]
    return gather_together(*own), tuple(gather(column) for column in own), gather_objects_on_main(rank())


def send_some(values):
    """What this rank receives where rank r has 4 rows (W, 4, ...), of which r + 1 are for rank 0 and the rest for rank 1."""
    if world_size() == 1:
        return distributed.exchange(values[0], [4], [4])
    return distributed.exchange(values[rank()], [rank() + 1, 3 - rank()], [[1, 2], [3, 2]][rank()])


def unwrap_from_ddp():
    """Whether a model comes out of a distributed wrapper."""
    model = torch.nn.Linear(2, 2)
    return unwrap(torch.nn.parallel.DistributedDataParallel(model)) is model


def share_a_gradient(rows):
    """A gradient that the gathered rows share with another tensor, before and after it is summed over the ranks."""
    own, other = rows[rank()].clone().requires_grad_(), torch.zeros(rows.flatten(0, 1).shape, requires_grad=True)
    weights = torch.full_like(other, rank() + 1.)
    ((gather_with_gradient(own) + other) * weights).sum().backward()
    return own.grad, other.grad


def shuffle_and_restore(batch, step):
    """What this rank sees of a shuffled batch whose rows are numbered over all ranks, and what it gets back."""
    own = torch.arange(batch, dtype=torch.float64).unsqueeze(1) + rank() * batch
    shuffle = BatchShuffle(batch, torch.tensor(step), seed=5)
    seen = shuffle.shuffle(own)
    return own, seen, shuffle.restore(seen)


def codes(scores, shares):
    """Of this rank's share of the rows."""
    own = scores.split(shares)[rank()] if world_size() > 1 else scores
    return sinkhorn_codes(own, reduce=all_reduce)


def resume(state, batch=8):
    """Loss over all ranks of this rank's share of the next batch, from the state of another run."""
    model = freeze_batch_statistics(build_framework('SwAVAdapter', 'swav', 'pseudo').double())
    model.load_state_dict(state)
    index = torch.arange(batch) * 3 % 11
    own = slice(rank() * batch // world_size(), (rank() + 1) * batch // world_size())
    losses = model([view[own] for view in views_of(index, 9, torch.float64)], index[own], mode='loss')
    model.finish_step()
    return mean_over_ranks(losses['loss'].detach()).item(), model.queue.index.tolist()


# --- features, labels, statistics -----------------------------------------------------------------------------------


def label(features, seen, progress):
    labeler = PseudoLabeler((4, 9, 15), ConfidenceAcceptance(), 0.2, KMeans(num_redo=1, device='cpu'))
    done = []
    found = label_across_ranks(labeler, features, progress, seen, done.append)
    return found, done


def label_own_rows(features, progress, spoilt_rank=None, seen=None, kind=DistributedKMeans, **options):
    """As :func:`label`, of features of which each rank holds every W-th only, but for those that nobody has seen."""
    index = torch.arange(rank(), len(features), world_size())
    index = index if seen is None else index[seen[index]]
    share = RowShare(features[index], index, len(features), rank(), world_size(), all_reduce)
    if spoilt_rank == rank():
        share.features[0] = torch.nan
    kmeans = kind(num_redo=3, device='cpu', **options)
    labeler = PseudoLabeler((4, 9, 40), ConfidenceAcceptance(), 0.2, kmeans)
    try:
        first = label_share(labeler, share, progress, seen=seen)
        return label_share(labeler, share, progress, seen=seen) if kmeans.init == 'previous' else first
    except ValueError as error:
        return str(error)


def fill_bank(num_samples, writes):
    """``writes``: index and features of each step of each rank. Images of this rank's share, and what all ranks have."""
    bank = FeatureBank(num_samples, writes[0][0][1].shape[1])
    for index, features in writes[rank()]:
        bank.write(index, features)
    share, _ = bank.share()
    return share.index, *bank.collect()


def norms():
    """A model of every kind of normalisation, its buffers different on each rank; before and after averaging."""
    model = torch.nn.Sequential(
        torch.nn.BatchNorm1d(3), torch.nn.BatchNorm2d(4, track_running_stats=False), torch.nn.GroupNorm(1, 4),
        torch.nn.BatchNorm2d(5), torch.nn.Linear(2, 2))
    for number in (0, 3):
        model[number].running_mean += rank() + number
        model[number].running_var *= 1 + rank()
        model[number].num_batches_tracked += 7 + rank()
    with torch.no_grad():
        model[4].weight.fill_(rank())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    average_batch_statistics(model)
    return before, {name: value.clone() for name, value in model.state_dict().items()}


def extract(num_samples, batch_size, own_only=False):
    """Features of all images, or of this rank's, by a model whose batch statistics differ on the ranks until averaged."""
    images = torch.randint(0, 256, (num_samples, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    model, dataset = build_framework(), IndexedDataset(TensorImages(images))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            offset = 0.5 if world_size() == 1 else rank()  # of two ranks, 0 and 1, the mean is 0.5
            module.running_mean += offset
    done = []
    taken = (extract_share if own_only else extract_features)(
        model, ImageBatches(dataset.evaluation_view(), batch_size, collate_fn=keep_batch), model.cluster_feature, done.append)
    return (taken.features, taken.index, taken.total) if own_only else (taken, done)
