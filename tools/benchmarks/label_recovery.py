"""What the theorem of SANE says, at toy size: refined labels recover corrupted ones. Numbers and a figure.

    python tools/benchmarks/label_recovery.py --out docs/results/sane_recovery.json --figure docs/images/sane_recovery.png
"""

import argparse
import json
from collections.abc import Collection
from pathlib import Path

import torch
import torch.nn.functional as F

from mmifnd.functional.self_labeling import PARTS, refined_label

SHARES = tuple(round(0.02 * step, 2) for step in range(1, 40))
#: What is drawn: the parts of the label, and the prior at the end of the training.
CURVES = {'p, prior to 10': (('p',), 10.), 'p, prior to 1': (('p',), 1.), 'p and q, prior to 10': (PARTS, 10.)}


def recovered(corrupted_share: float, prior: float, parts: Collection[str] = PARTS, num_classes: int = 4,
              per_class: int = 50, steps: int = 300) -> tuple[float, float]:
    """Share of corrupted labels that end at the true class, and of all images that the learner puts there.

    Tight, well separated clusters, one per class; in each, ``corrupted_share`` of the labels name the next class. A linear
    softmax learner is trained on refined labels (SANE, Eq. 5), whose p is its own prediction for another view of the image.
    The given class takes the place of the positive: as p is a softmax, only differences to its similarity count.

    Args:
        corrupted_share (float): in [0, 1].
        prior (float): mu at the end of the training; it grows from 0.
        parts (Collection[str]): of the refined label.
        num_classes (int): at most 8, the dimensions.
        per_class (int): images of each class.
        steps (int): of gradient descent over all images.
    """
    generator = torch.Generator().manual_seed(0)
    truth = torch.arange(num_classes).repeat_interleave(per_class)
    centre = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64))[0][:num_classes]
    noise = 0.02 * torch.randn(2, len(truth), 8, generator=generator, dtype=torch.float64)
    view, other = centre[truth] + noise
    corrupted = torch.arange(len(truth)) % per_class < corrupted_share * per_class
    given = torch.where(corrupted, (truth + 1) % num_classes, truth)
    classes = torch.arange(num_classes).expand(len(truth), -1)
    others = classes[classes != given.unsqueeze(1)].view(len(truth), -1)
    order = torch.cat([given.unsqueeze(1), others], dim=1)
    weight = torch.zeros(num_classes, 8, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=5.)
    for step in range(steps):
        logits = other @ weight.detach().T
        relative = 1 + logits.gather(1, others) - logits.gather(1, given.unsqueeze(1))
        shares = refined_label(relative, 1., 0.8, prior * step / steps, parts)
        label = torch.zeros_like(logits).scatter_(1, order, torch.cat(shares, dim=1))
        optimizer.zero_grad()
        F.cross_entropy(view @ weight.T, label).backward()
        optimizer.step()
    predicted = (view @ weight.T).argmax(dim=1)
    return (label.argmax(dim=1) == truth)[corrupted].double().mean().item(), (predicted == truth).double().mean().item()


def measured() -> dict[str, list[dict[str, float]]]:
    """Shares of recovered labels, of every curve."""
    curves = {}
    for name, (parts, prior) in CURVES.items():
        values = [recovered(share, prior, parts) for share in SHARES]
        curves[name] = [dict(corrupted=share, recovered=round(labels, 4), right=round(images, 4))
                        for share, (labels, images) in zip(SHARES, values)]
    return curves


def draw(curves: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Shares of recovered labels, and of images at their true class, over the share of corrupted labels."""
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, constrained_layout=True)
    for axes, value, title in zip(panels, ('recovered', 'right'), ('corrupted labels that are recovered, %',
                                                                   'images at their true class, %')):
        for (name, points), colour, style in zip(curves.items(), ('#1b6ca8', '#4c956c', '#c8553d'), ('-', '--', ':')):
            axes.plot([100 * point['corrupted'] for point in points], [100 * point[value] for point in points], style,
                      color=colour, label=name)
        axes.axvline(50, color='0.7', linewidth=0.8)
        axes.set(title=title, xlabel='corrupted labels, %', ylim=(-4, 104))
    figure.legend(*panels[0].get_legend_handles_labels(), loc='outside lower center', ncols=3, frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Measure, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--points', type=Path, help='draw what --out wrote instead of measuring')
    parser.add_argument('--out', type=Path, help='JSON file to write')
    parser.add_argument('--figure', type=Path, help='picture to write')
    args = parser.parse_args()
    curves = json.loads(args.points.read_text()) if args.points else measured()
    for name, points in curves.items():
        both = [point['corrupted'] for point in points if point['recovered'] == point['right'] == 1]
        where = f'from {min(both):.0%} to {max(both):.0%}' if both else 'nowhere'
        print(f'{name}: all labels recovered and all images right {where}')
    if args.out:
        args.out.write_text(json.dumps(curves, indent=1) + '\n')
    if args.figure:
        draw(curves, args.figure)


if __name__ == '__main__':
    main()
