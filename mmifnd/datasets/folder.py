"""One walk over a folder of images, and what its layout means."""

import functools
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from mmifnd.shortage import raise_shortage

from .text_files import shown

#: Suffixes of pictures, of which those are read that the installed Pillow or OpenCV reads. Icons, films, documents and
#: containers of measured data are no pictures, though Pillow opens some of them.
PICTURES = frozenset((
    '.apng', '.avif', '.avifs', '.bmp', '.dds', '.dib', '.gif', '.heic', '.heif', '.j2c', '.j2k', '.jfif', '.jp2', '.jpc',
    '.jpe', '.jpeg', '.jpf', '.jpg', '.jpx', '.pbm', '.pcx', '.pfm', '.pgm', '.png', '.pnm', '.ppm', '.psd', '.qoi', '.ras',
    '.sgi', '.tga', '.tif', '.tiff', '.webp'))
#: Those that OpenCV reads and Pillow does not list: radiance maps, and the pairs of pictures of stereo cameras.
BY_OPENCV = frozenset(('.hdr', '.pic', '.mpo'))
#: Folders of systems and NAS boxes, beside all names that begin with a dot.
HIDDEN = frozenset(('@eaDir', '__MACOSX', '#recycle', '$RECYCLE.BIN', 'System Volume Information', 'lost+found', 'Thumbs.db',
                    'desktop.ini'))
#: A folder with one of these files is one of a run, also of one that has just begun, whose pictures are none to train on.
RUN_MARKS = frozenset(('last_checkpoint', 'starts.jsonl'))

TRAIN_NAMES = ('train', 'training')
TEST_NAMES = ('val', 'valid', 'validation', 'test', 'testing')


@functools.cache
def readable_suffixes() -> frozenset[str]:
    """Suffixes, in lower case, of the images that the installed libraries read."""
    Image.init()
    by_pillow = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    return (PICTURES & by_pillow) | BY_OPENCV


@dataclass(frozen=True)
class FolderFiles:
    """What a walk over a folder found.

    Attributes:
        root (str): the folder.
        images (tuple[str, ...]): paths below it, with slashes, in the order of their names.
        folders (tuple[str, ...]): names of the folders directly in it, sorted, also of those without images.
        left_out (Counter[str]): files that are no images, by suffix.
        hidden (int): hidden files and folders that were skipped.
        runs (tuple[str, ...]): folders of training runs that were skipped.
        unreadable (tuple[str, ...]): folders that may not be looked into.
        has_links (bool): whether any of the images was reached through a link below the root.
    """

    root: str
    images: tuple[str, ...]
    folders: tuple[str, ...]
    left_out: Counter
    hidden: int
    runs: tuple[str, ...]
    unreadable: tuple[str, ...]
    has_links: bool = False


def walk_folder(root: str, suffixes: Sequence[str] | None = None) -> FolderFiles:
    """Find the images of a folder at any depth.

    Links to files and folders are followed, except back into a folder on the way. Names that begin with a dot, those of
    :data:`HIDDEN`, and folders of training runs are skipped.

    Args:
        root: an existing folder.
        suffixes: in lower case; default: all that the installed libraries read.
    """
    walk = _Walk(root, tuple(readable_suffixes() if suffixes is None else suffixes))
    walk.enter('', ())
    return FolderFiles(root, tuple(sorted(walk.images)), tuple(sorted(walk.folders)), walk.left_out, walk.hidden,
                       tuple(sorted(walk.runs)), tuple(sorted(walk.unreadable)), walk.has_links)


class _Walk:
    def __init__(self, root: str, suffixes: tuple[str, ...]) -> None:
        self.root, self.suffixes = root, suffixes
        self.images: list[str] = []
        self.folders: list[str] = []
        self.left_out: Counter[str] = Counter()
        self.hidden = 0
        self.runs: list[str] = []
        self.unreadable: list[str] = []
        self.has_links = False

    def enter(self, inside: str, way: tuple[tuple[int, int], ...]) -> None:
        """Walk a folder; ``way`` holds device and inode of those around it."""
        path = os.path.join(self.root, inside)
        try:
            here = os.stat(path)
            entries = list(os.scandir(path))
        except OSError as error:
            raise_shortage(error)
            self.unreadable.append(inside or '.')
            return
        if (here.st_dev, here.st_ino) in way:
            return
        if inside and any(entry.name in RUN_MARKS for entry in entries):
            self.runs.append(inside)
            return
        way = (*way, (here.st_dev, here.st_ino))
        for entry in entries:
            self._look(entry, f'{inside}/{entry.name}' if inside else entry.name, way)
        if inside and '/' not in inside:
            self.folders.append(inside)

    def _look(self, entry: os.DirEntry, name: str, way: tuple[tuple[int, int], ...]) -> None:
        if entry.name.startswith('.') or entry.name in HIDDEN:
            self.hidden += 1
            return
        self.has_links |= entry.is_symlink()
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError as error:  # a link to itself
            raise_shortage(error)
            is_folder = is_file = False
        if is_folder:
            self.enter(name, way)
        elif not is_file:
            self.left_out['no regular file'] += 1
        elif entry.name.lower().endswith(self.suffixes):
            self.images.append(name)
        else:
            self.left_out[os.path.splitext(entry.name)[1].lower() or 'no suffix'] += 1


@dataclass(frozen=True)
class Layout:
    """What a folder means.

    Attributes:
        kind (str): ``'flat'``, ``'classes'``, or ``'split'``, with folders for training and testing.
        classes (tuple[str, ...]): names of the class folders, sorted; empty if there are no labels.
        train (str): folder of the training images, below the root; '' for the root.
        test (str): that of the test images.
        num_images (int): those that are trained on.
        loose (tuple[str, ...]): images beside class folders, which are left out.
        num_test (int): images in the folder for testing.
    """

    kind: str
    classes: tuple[str, ...]
    train: str
    test: str
    num_images: int
    loose: tuple[str, ...] = ()
    num_test: int = 0


def layout_of(files: FolderFiles) -> Layout:
    """Tell how a folder is read.

    With folders of both :data:`TRAIN_NAMES` and :data:`TEST_NAMES`, and no others, it is split. Else its folders are classes if
    at least two of them hold images, and no more images lie beside them than in them. Else all images are taken, without
    labels.
    """
    counts = Counter(name.split('/')[0] for name in files.images if '/' in name)
    by_lower = {name.lower(): name for name in counts}
    train = next((by_lower[name] for name in TRAIN_NAMES if name in by_lower), None)
    test = next((by_lower[name] for name in TEST_NAMES if name in by_lower), None)
    loose = tuple(name for name in files.images if '/' not in name)
    if train and test and not loose and set(by_lower) <= {*TRAIN_NAMES, *TEST_NAMES}:
        inner = layout_of(_inside(files, train))
        return Layout('split', inner.classes, train, test, inner.num_images, inner.loose, counts[test])
    if len(counts) >= 2 and len(loose) <= counts.total():
        return Layout('classes', files.folders, '', '', counts.total(), loose)
    return Layout('flat', (), '', '', len(files.images))


def _inside(files: FolderFiles, folder: str) -> FolderFiles:
    """The walk over one of the folders in the root."""
    images = tuple(name.removeprefix(f'{folder}/') for name in files.images if name.startswith(f'{folder}/'))
    names = sorted(entry.name for entry in os.scandir(os.path.join(files.root, folder))
                   if entry.is_dir() and not entry.name.startswith('.') and entry.name not in HIDDEN)
    return FolderFiles(os.path.join(files.root, folder), images, tuple(names), Counter(), 0, (), ())


def describe_layout(files: FolderFiles, layout: Layout) -> str:
    """How a folder is read, and what is left out of it, in one line."""
    read = filter(None, [f'{shown(files.root)}: {reading_of(layout)}', hint(files, layout)])
    return '; '.join([*read, *remarks(files, layout)])


def reading_of(layout: Layout) -> str:
    """How a folder is read."""
    if layout.kind == 'flat':
        return f'{_images(layout.num_images)} without labels, at any depth'
    if layout.kind == 'classes':
        return f'{_images(layout.num_images)} in {_classes(layout)}'
    inside = f' in {_classes(layout)}' if layout.classes else ''
    return (f'trains on the {_images(layout.num_images)} of {layout.train}{inside}, tests on the {layout.num_test} of '
            f'{layout.test}')


def remarks(files: FolderFiles, layout: Layout | None = None) -> list[str]:
    """What is left out of a folder, and why; empty if nothing is."""
    said = [] if layout is None else _beside_parts(files, layout)
    if layout is not None and layout.loose:
        said.append(f'{_images(len(layout.loose))} beside the class folders left out ({shown(layout.loose[0])}): put it into a '
                    'folder to use it')
    if layout is not None and layout.kind != 'flat':
        prefix = f'{layout.train}/' if layout.train else ''
        full = {name.removeprefix(prefix).split('/')[0] for name in files.images if name.startswith(prefix)}
        empty = [name for name in layout.classes if name not in full]
        if empty:
            said.append(f'no image in {_names(empty)}')
    if files.left_out:
        kinds = ', '.join(f'{shown(kind)} {count}' for kind, count in files.left_out.most_common(6))
        said.append(f'{_count(files.left_out.total(), "file")} left out: {kinds}')
    if files.runs:
        said.append(f'{_count(len(files.runs), "folder")} of training runs skipped ({shown(files.runs[0])})')
    if files.unreadable:
        said.append(f'{_count(len(files.unreadable), "folder")} may not be read ({shown(files.unreadable[0])})')
    if files.hidden:
        said.append(f'{_count(files.hidden, "hidden name")} skipped')
    return said


def _beside_parts(files: FolderFiles, layout: Layout) -> list[str]:
    """Images beside the folders for training and testing."""
    if layout.kind != 'split':
        return []
    others = [name.split('/')[0] for name in files.images if not name.startswith((f'{layout.train}/', f'{layout.test}/'))]
    return [f'{_images(len(others))} of {_names(sorted(set(others)))} left out'] if others else []


def hint(files: FolderFiles, layout: Layout) -> str:
    """Which folder to give instead if the folders of classes are in a folder of this one; '' if they are not."""
    inside = os.path.commonpath([os.path.dirname(name) for name in files.images]) if layout.kind == 'flat' else ''
    deeper = {name.split('/')[0] for name in (name.removeprefix(f'{inside}/') for name in files.images) if '/' in name}
    if not inside or len(deeper) < 2:
        return ''
    return (f'to have the {len(deeper)} folders of {shown(inside)} as classes, give '
            f'{shown(os.path.join(files.root, inside), 200)}')


def _images(count: int) -> str:
    return _count(count, 'image')


def _count(count: int, noun: str) -> str:
    return f'{count} {noun}' if count == 1 else f'{count} {noun}s'


def _classes(layout: Layout) -> str:
    return f'{len(layout.classes)} classes ({_names(layout.classes)})'


def _names(names: Sequence[str], limit: int = 6) -> str:
    listed = ', '.join(shown(name, 40) for name in names[:limit])
    return listed if len(names) <= limit else f'{listed}, ...'
