"""The sections of a report on which negatives were removed: sheets, and a file of pairs."""

from pathlib import Path

from mmifnd.records.detected import Relation, told_of
from mmifnd.records.removed_pairs import Told, write_removed_pairs
from mmifnd.records.run_record import RunRecord

from . import embedding, masked_share, montage, removed
from .page import Page
from .pictures import Pictures

#: Images that cannot be read, and are named.
MAX_UNREAD = 10


def add_removed(page: Page, name: str, record: RunRecord, pictures: Pictures) -> list[Told]:
    """How much each anchor lost, and examples, at the last epoch that removed any; or a sentence on why there are none.

    Returns:
        list[Told]: what was found, for a list of all pairs.
    """
    views = record.by_direction()
    if not (record.epochs or any(view.step_paths for view in views.values())):
        return []
    page.section('Which negatives were removed', f'Run {name}; the anchors are drawn at random, no two of '
                                                 'one class or cluster.')
    views = {f'{name}, {direction}' if direction else name: view for direction, view in views.items()}
    told = {label: told_of({label: view}, embedding.class_count(pictures.labels)).get(label) for label, view in views.items()}
    if not any(told.values()):
        page.note('Nothing tells of removed negatives: this run accepted no two images of one cluster, uses its pseudo labels '
                  'otherwise, or detected nothing in the steps that were recorded.')
        return []
    listed = [Told(label, epoch, relation) for label, found in told.items() if found
              for epoch, relations in [found] for relation in relations]
    for label, epoch, relation in listed:
        shares, pool = relation.shares, relation.pool
        if len(views) > 1:
            page.subsection(label)
        page.grid([(masked_share.masked_share_figure(shares, epoch, pool), masked_share.READING.format(pool=pool),
                    masked_share.describe(shares, epoch, pool))])
        if can_draw(relation, pictures):
            add_sheet(page, f'Epoch {epoch}.', {label: relation}, pictures)
    for label in (label for label, found in told.items() if not found):
        page.note(f'{label}: nothing was detected in the steps that were recorded.')
    return listed


def can_draw(relation: Relation, pictures: Pictures) -> bool:
    """Whether there is what a sheet shows: images, and captions if one direction of image-text pairs is drawn."""
    return pictures.images is not None and (pictures.captions is not None or not removed.direction_of(relation))


def add_side_by_side(page: Page, records: dict[str, RunRecord], pictures: Pictures) -> None:
    """The detectors of the first two runs that removed anything, for the same anchors; nothing if there are no two."""
    views = {name: record.by_direction() for name, record in records.items()}
    has_begun = False
    for direction in dict.fromkeys(direction for of_run in views.values() for direction in of_run):
        told = told_of({name: of_run[direction] for name, of_run in views.items() if direction in of_run},
                       embedding.class_count(pictures.labels))
        shown = [(name, *taken) for name, taken in told.items()][:2]
        if len(shown) < 2 or len(shown[0][2][0]) != len(shown[1][2][0]) or not can_draw(shown[0][2][0], pictures):
            continue
        if not has_begun:
            page.section('Two detectors side by side', 'What each of them removed for the same anchors.')
            has_begun = True
        if direction:
            page.subsection(direction)
        epochs = ', '.join(f'{name} at epoch {epoch}' for name, epoch, _ in shown)
        add_sheet(page, f'{epochs}.', {name: relations[0] for name, _, relations in shown}, pictures)


def add_sheet(page: Page, epochs: str, relations: dict[str, Relation], pictures: Pictures) -> None:
    """A contact sheet, and all removed images of its anchors to unfold; or a sentence if no anchor asked lost anything."""
    anchors = removed.anchors_of(relations, pictures.labels)
    if not anchors:
        page.note('No anchor was found for which all of them removed something.')
        return
    unread: dict[str, None] = getattr(pictures.images, 'unread', {})
    before = set(unread)
    figure = removed.sheet_of(relations, pictures.images, pictures.labels, anchors, 10 if len(relations) == 1 else 6,
                              pictures.class_names, pictures.names, pictures.captions)
    page.wide(figure, f'{epochs} {removed.reading(relations, pictures.labels)}', removed.describe(relations))
    for name, relation in relations.items():
        direction = removed.direction_of(relation)
        for one in (relation.of(anchor) for anchor in anchors):
            title = removed.row_title(pictures.labels, one, pictures.class_names, pictures.names, direction)
            title = f'{name}: {title}' if len(relations) > 1 else title
            if len(one.images) and removed.REMOVED_KIND[direction] == 'text':
                page.add(montage.listed(one, pictures.captions, title))
            elif len(one.images):
                page.add(montage.unfolded(one, pictures.images, pictures.labels, title, pictures.names))
    new = [name for name in unread if name not in before]
    if new:
        rest = f' and {len(new) - MAX_UNREAD} more' if len(new) > MAX_UNREAD else ''
        page.note(f'A grey field with a cross stands for an image that cannot be read: {", ".join(new[:MAX_UNREAD])}{rest}.')


def add_pairs(page: Page, path: Path, told: list[Told], pictures: Pictures) -> None:
    """A file of all removed pairs of some anchors beside the page, and a sentence on what it holds."""
    if not told:
        return
    anchors = sorted({anchor for one in told for anchor in removed.anchors_of({one.run: one.relation}, pictures.labels)})
    written = write_removed_pairs(path, told, pictures.labels, pictures.names, anchors, pictures.captions)
    more = f'; {written.left_out} more are left out' if written.left_out else ''
    page.note(f'{path.name} beside this page lists {written.pairs} removed pairs of {written.anchors} anchors{more}.')
