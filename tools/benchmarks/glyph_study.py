"""False negatives among 10, 62 and 200 classes of characters: hundreds of small trainings, a stack of them at a time.

    python tools/benchmarks/glyph_study.py data/glyphs_16.npz --out work_dirs/glyphs            # on a GPU, some minutes
    python tools/benchmarks/glyph_study.py data/glyphs_16.npz --out work_dirs/glyphs --classes 10 --epochs 2 --device cpu

One process for each number of classes; each appends its runs to ``glyphs_C.jsonl``, the most important first, and a second
call goes on where the first one ended. What decides was written down before the first run: docs/claims.md.
"""

import argparse
import json
import multiprocessing
import sys
import time
from pathlib import Path

CLASSES = (10, 62, 200)
ARMS = ('simclr', 'random', 'ifnd', 'ifnd_2k', 'glofnd', 'oracle', 'supcon', 'attraction')
TEMPERATURES = (0.1, 0.2, 0.5, 1.)
SELECTION_SEEDS, SEEDS, FEW_SEEDS = (100, 101, 102), (0, 1, 2, 3, 4), (0, 1, 2)
TOTAL, PER_CLASS, COMMON = 4000, 120, 200
BANK, QUERIES = 40, 60  # images of each class of the common task
DEPTHS = ('letter_case', 'letter', 'script')


def stages(classes: int, seeds: int = len(SEEDS), temperatures: tuple[float, ...] = TEMPERATURES) -> list[dict]:
    """What is run for a number of classes, in order: stacks whose settings may hang on those before."""
    selection, few, seeds = (every[:seeds] for every in (SELECTION_SEEDS, FEW_SEEDS, SEEDS))
    plan = [dict(stage='selection', seeds=selection, arms=ARMS, temperatures=temperatures),
            dict(stage='total', seeds=seeds, arms=ARMS, chosen=True)]
    if classes == max(CLASSES):
        deep = dict(arms=('oracle', 'supcon'), depths=DEPTHS)
        plan += [dict(stage='depth_selection', seeds=selection, temperatures=temperatures, **deep),
                 dict(stage='depth', seeds=seeds, chosen=True, **deep)]
    plan.append(dict(stage='per_class', seeds=seeds, arms=ARMS, chosen=True))
    plan += [dict(stage=f'batch_{size}', seeds=few, arms=('simclr', 'oracle'), temperatures=temperatures, batch=size)
             for size in (256, 1024, 64)]
    return plan


def best_temperatures(records: list[dict]) -> dict[str, float]:
    """The temperature of each arm (and depth) with the best mean kNN on the common task, validation families."""
    values: dict[str, dict[float, list[float]]] = {}
    for record in records:
        if record['stage'].endswith('selection'):
            values.setdefault(key_of(record['arm'], record['depth']), {}).setdefault(
                record['temperature'], []).append(record['knn'])
    return {key: max(by, key=lambda t: sum(by[t]) / len(by[t])) for key, by in values.items()}


def key_of(arm: str, depth: str) -> str:
    """The name under which the temperature of an arm is chosen."""
    return arm if depth == 'code_point' else f'{arm}/{depth}'


class Worker:
    """All stages of one number of classes.

    Args:
        args: of the command line.
        classes (int): characters in the training images.
        begin (float): when the command began.
    """

    def __init__(self, args: argparse.Namespace, classes: int, begin: float) -> None:
        import torch

        from mmifnd.datasets import Glyphs
        torch.set_num_threads(1)
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.enabled = False  # normalisation of thousands of channels
        self.args, self.classes, self.begin = args, classes, begin
        self.path = Path(args.out) / f'glyphs_{classes}.jsonl'
        self.records = [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []
        self.device = torch.device(args.device)

        def load(**options) -> Glyphs:
            return Glyphs(args.data_file, **options)

        self.sets = dict(total=load(num_classes=classes, max_images=args.images),
                         per_class=load(num_classes=classes, images_per_class=args.per_class))
        self.bank = self._unseen(load)
        self.val = self._at_most(load(split='val', num_classes=COMMON), QUERIES)
        self.test = self._at_most(load(split='test', num_classes=COMMON), QUERIES)

    def _unseen(self, load) -> tuple:
        """The labelled images of the common task: of the training families, and in no training set."""
        import torch
        more = load(num_classes=COMMON, images_per_class=self.args.per_class + BANK)
        used = load(num_classes=COMMON, images_per_class=self.args.per_class)
        seen = {image.numpy().tobytes() for image in used.images}
        fresh = torch.tensor([image.numpy().tobytes() not in seen for image in more.images])
        return more.images[fresh].to(self.device), more.labels[fresh].to(self.device)

    def _at_most(self, glyphs, count: int) -> tuple:
        """The first ``count`` images of each class."""
        import torch
        order = glyphs.labels.argsort(stable=True)
        labels = glyphs.labels[order]
        sizes = torch.bincount(labels)
        place = torch.arange(len(labels)) - (sizes.cumsum(0) - sizes)[labels]
        kept = order[place < count]
        return glyphs.images[kept].to(self.device), glyphs.labels[kept].to(self.device)

    def work(self) -> None:
        """Run what is missing, as long as there is time."""
        for stage in stages(self.classes, self.args.seeds, tuple(self.args.temperatures)):
            done = {(r['arm'], r['seed'], r['temperature'], r['depth']) for r in self.records if r['stage'] == stage['stage']}
            runs = [run for run in self._runs(stage) if (run.arm, run.seed, run.temperature, run.depth) not in done]
            if not runs or self.args.stages and stage['stage'] not in self.args.stages:
                continue
            for stack in self._stacks(runs, stage):
                spent = time.time() - self.begin
                if spent > self.args.time_limit:
                    print(f'{self.classes} classes: {stage["stage"]} not begun, {spent:.0f} s spent', flush=True)
                    return
                self._train(stage, stack)

    def _runs(self, stage: dict) -> list:
        from mmifnd.studies.stacked import StackedRun
        chosen, runs = best_temperatures(self.records), []
        for arm in stage['arms']:
            for depth in stage.get('depths', ('code_point',)):
                ways = (chosen[key_of(arm, depth)],) if stage.get('chosen') else stage['temperatures']
                runs += [StackedRun(arm, seed, t, depth) for seed in stage['seeds'] for t in ways]
        return runs

    def _stacks(self, runs: list, stage: dict) -> list[list]:
        """Stacks that fit; a random control is in one with the run whose rate it copies, since seeds stay together."""
        most = self.args.stack * 256**2 // max(stage.get('batch', 256), 256)**2
        seeds = sorted({run.seed for run in runs})
        together = max(1, most * len(seeds) // len(runs))
        groups = [seeds[i:i + together] for i in range(0, len(seeds), together)]
        return [[run for run in runs if run.seed in group] for group in groups]

    def _train(self, stage: dict, runs: list) -> None:
        from mmifnd.studies.stacked import Recipe, StackedTraining
        from mmifnd.studies.stacked.probes import knn_of_runs, linear_of_runs
        begin, name = time.time(), stage['stage']
        data = self.sets['per_class' if name == 'per_class' else 'total']
        batch = min(stage.get('batch', 256), len(data) // 2)
        steps = self.args.epochs * (self.args.images // 256)
        epochs = max(2, round(steps / (len(data) // batch))) if name == 'per_class' else self.args.epochs
        recipe = Recipe(epochs=epochs, batch_size=batch)
        labels = {depth: data.labels_at(depth).to(self.device) for depth in ('code_point', *DEPTHS)}
        training = StackedTraining(runs, data.images.to(self.device), labels, recipe)
        measures = training.train()
        trained = time.time() - begin
        queries = self.val if name.endswith('selection') else self.test
        common = dict(classes=self.classes, batch=batch, epochs=epochs, images=len(data))
        self._write(training, name, common, measures, knn_of_runs(training, self.bank, queries, self.classes))
        if name == 'total':
            half = (self.bank[0][::2], self.bank[1][::2])
            self._write(training, 'total_linear', common, linear_of_runs(training, half, queries, self.classes))
        print(f'{self.classes} classes, {name}: {len(runs)} runs, {epochs} epochs of {len(data)} images in batches of {batch}, '
              f'{trained:.1f} s to train, {time.time() - begin:.1f} s in all, at {time.time() - self.begin:.0f} s', flush=True)


    def _write(self, training, stage: str, common: dict, *found: list[dict]) -> None:
        with open(self.path, 'a') as file:
            for run, *parts in zip(training.runs, *found, strict=True):
                record = dict(stage=stage, arm=run.arm, seed=run.seed, temperature=run.temperature, depth=run.depth, **common)
                for part in parts:
                    record |= {key: round(value, 4) for key, value in part.items()}
                self.records.append(record)
                file.write(json.dumps(record) + '\n')


def start(args: argparse.Namespace, classes: int, begin: float) -> None:
    """The whole of one process."""
    Worker(args, classes, begin).work()


def main() -> None:
    """Read the arguments and start a process for each number of classes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data_file', help='of tools/dataset_converters/make_glyphs.py')
    parser.add_argument('--out', required=True)
    parser.add_argument('--classes', type=int, nargs='+', default=list(CLASSES))
    parser.add_argument('--stages', nargs='+', help='only these')
    parser.add_argument('--epochs', type=int, default=80, help='of the smaller set of images')
    parser.add_argument('--images', type=int, default=TOTAL)
    parser.add_argument('--per-class', type=int, default=PER_CLASS)
    parser.add_argument('--seeds', type=int, default=len(SEEDS), help=f'at most {len(SEEDS)}')
    parser.add_argument('--temperatures', type=float, nargs='+', default=list(TEMPERATURES))
    parser.add_argument('--stack', type=int, default=96, help='runs of batch 256 at a time')
    parser.add_argument('--device', default='cuda')
    parser.add_argument('--time-limit', type=float, default=float('inf'), help='seconds after which no stack is begun')
    args = parser.parse_args()
    Path(args.out).mkdir(parents=True, exist_ok=True)
    begin, context = time.time(), multiprocessing.get_context('spawn')
    processes = [context.Process(target=start, args=(args, classes, begin)) for classes in args.classes]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    sys.exit(max(process.exitcode or 0 for process in processes))


if __name__ == '__main__':
    main()
