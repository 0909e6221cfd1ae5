"""Draw anchors and the negatives that a run removed for them into a PNG; two runs are drawn side by side.

    mmifnd contact-sheet work_dirs/ifnd --out removed.png
    mmifnd contact-sheet work_dirs/fnc work_dirs/glofnd

Two runs are compared by what their training steps removed for the same anchors, whatever their detectors, if both have
recorded it; a single run shows what the labels or thresholds of its snapshot say of all images, if it has any. --of chooses.
"""

import argparse

from mmifnd.errors import UserError
from mmifnd.places import check_file

#: Examples per anchor, by the number of runs.
EXAMPLES = {1: 10, 2: 6}
#: Those of ``mmifnd.records.detected``, which is not imported for the help.
SOURCES = ('steps', 'snapshot')
#: Those of ``mmifnd.records.names``.
DIRECTIONS = ('image', 'text')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which runs, epoch and anchors."""
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR', help='one run or two')
    parser.add_argument('--of', choices=SOURCES, help='training steps of a few anchors, or a snapshot of all images')
    parser.add_argument('--direction', choices=DIRECTIONS, default='image',
                        help='of image-text models: the kind of the anchors; what was removed is of the other kind')
    parser.add_argument('--epoch', type=int, help='default: the last that tells of removed negatives')
    parser.add_argument('--anchors', nargs='+', type=int, metavar='IMAGE', help='default: drawn, no two of one class')
    parser.add_argument('--rows', type=int, default=5, help='anchors that are drawn')
    parser.add_argument('--seed', type=int, default=0, help='of the draw')
    parser.add_argument('--out', default='removed.png', help='file to write')


def run(args: argparse.Namespace) -> None:
    """Draw and write."""
    from mmifnd.apis.run_images import images_of_runs
    from mmifnd.visualization.embedding import class_count
    from mmifnd.visualization.picture import save_picture
    from mmifnd.visualization.removed import anchors_of, reading, sheet_of
    if len(args.work_dirs) not in EXAMPLES or args.rows < 1:
        raise UserError(f'{len(args.work_dirs)} runs, --rows {args.rows}: give one run or two, and at least 1 row')
    check_file(args.out)
    images, labels = images_of_runs(args.work_dirs)
    relations = relations_by_name(args, class_count(labels))
    outside = [anchor for anchor in args.anchors or () if not 0 <= anchor < len(images)]
    if outside:
        raise UserError(f'--anchors {outside[0]} is outside [0, {len(images) - 1}], the training images')
    anchors = args.anchors or anchors_of(relations, labels, args.rows, args.seed)
    if not anchors:
        raise UserError(f'no anchor lost something in all of {", ".join(relations)}; give another --epoch or --of')
    examples = EXAMPLES[len(args.work_dirs)]
    save_picture(sheet_of(relations, images, labels, anchors, examples, images.class_names, images.names, images.captions),
                 args.out)
    print(f'{args.out}: {reading(relations, labels)}')


def relations_by_name(args: argparse.Namespace, num_classes: int | None) -> dict:
    """What each run tells of removed negatives; two entries for a run with both thresholds and pseudo labels."""
    from mmifnd.records.detected import told_of
    from mmifnd.records.run_record import without_damaged
    from mmifnd.visualization import RunRecord
    from mmifnd.visualization.report import run_names
    records = {name: RunRecord.load(work_dir) for name, work_dir in run_names(args.work_dirs).items()}

    def of_direction() -> dict[str, RunRecord]:
        return {name: record.of_direction(args.direction) if record.directions else record for name, record in records.items()}

    relations_of_run = without_damaged(records, lambda: told_of(of_direction(), num_classes, args.epoch, args.of))
    for name, record in of_direction().items():
        if name not in relations_of_run:
            epoch = 'any epoch' if args.epoch is None else f'epoch {args.epoch}'
            raise UserError(f'{record.work_dir}: no {args.of or "step or snapshot"} of {epoch} tells of removed negatives; '
                            f'steps were recorded at {sorted(record.step_paths)}, snapshots at {record.epochs}')
    return {f'{name}, epoch {epoch}{f", by {type(relation).__name__[2:].lower()}" if len(relations) > 1 else ""}': relation
            for name, (epoch, relations) in relations_of_run.items() for relation in relations}
