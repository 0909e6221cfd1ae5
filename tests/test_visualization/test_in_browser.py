"""Reports and a contact sheet as Chromium shows them: figures, axes that are not empty, and nothing on the console."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from mmifnd.visualization.check import ReportReader

CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason='Chromium is missing')]
TOOLS = Path(__file__).parents[2] / 'tools'
ROOT = TOOLS.parent
EPOCHS = 16  # six beyond the start of FNC and of GloFND's thresholds
CONFIG = """
_base_ = '{root}/configs/glofnd/sogclr_{name}_digits.py'
train_cfg = dict(max_epochs={epochs})
custom_hooks = [dict(type='OnlineProbeHook')]
test_cfg = dict(measures=dict(_delete_=True, kinds=dict(type='GroupProbe', groups=dict(
    zero={{str(digit): 'zero' if digit == 0 else 'any other' for digit in range(10)}},
    digit={{digit: digit for digit in '0123456789'}}))))
"""
LIGHT, DARK = 1, 0  # of preferredColorScheme


def run(*arguments):
    command = [sys.executable, '-W', 'ignore', *map(str, arguments)]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert found.returncode == 0, found.stderr
    return found.stdout


def browse(tmp_path, page, *options):
    """What Chromium writes, and what it logs of the page's console."""
    command = [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--enable-logging=stderr',
               '--v=0', f'--user-data-dir={tmp_path / "profile"}', *options, page.as_uri()]
    found = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stderr
    return found.stdout, [line for line in found.stderr.splitlines() if 'CONSOLE' in line]


def seen(tmp_path, page):
    """The figures of the page as Chromium has parsed it, and the lines on its console."""
    dom, console = browse(tmp_path, page, '--dump-dom')
    reader = ReportReader()
    reader.feed(dom)
    reader.close()
    return reader.figures, console


def problems_of(tmp_path, page, at_least):
    """What is wrong with the page as Chromium shows it."""
    figures, console = seen(tmp_path, page)
    problems = [*console, *(line for figure in figures for line in figure.problems())]
    if len(figures) < at_least:
        problems.append(f'{len(figures)} figures')
    return problems


def screenshot(tmp_path, page, width, scheme):
    """Grey levels in [0, 1], (H, W)."""
    path = tmp_path / f'{width}_{scheme}.png'
    browse(tmp_path, page, f'--blink-settings=preferredColorScheme={scheme}', f'--window-size={width},2000',
           f'--screenshot={path}')
    return matplotlib.image.imread(path)[..., :3].mean(axis=2)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A study in small (``study``), GloFND and FNC with an online probe and probes of groups of the digits; the reports and
    pictures of all."""
    out = tmp_path_factory.mktemp('reports')
    run(TOOLS / 'study.py', '--epochs', 6, '--seeds', 2, '--methods', 'simclr', 'ifnd_linear', 'ifnd_half',
        '--out', out / 'study')
    for name in ('glofnd', 'fnc'):
        (out / f'{name}.py').write_text(CONFIG.format(root=ROOT, name=name, epochs=EPOCHS))
        run(TOOLS / 'train.py', out / f'{name}.py', '--work-dir', out / name)
        run(TOOLS / 'test.py', out / f'{name}.py', out / name / f'epoch_{EPOCHS}.pth', '--out', out / name / 'groups.json')
        run(TOOLS / 'report.py', out / name)
    run(TOOLS / 'report.py', out / 'study/ifnd_linear/seed_0', out / 'glofnd', '--out', out / 'two.html')
    draw(out / 'sheet.png', 'contact_sheet.py', out / 'study/ifnd_linear/seed_0', out / 'glofnd')
    draw(out / 'fnc_sheet.png', 'contact_sheet.py', out / 'fnc', out / 'glofnd')
    draw(out / 'bars.svg', 'group_accuracy.py', *(out / name / 'groups.json' for name in ('fnc', 'glofnd')))
    draw(out / 'groups.png', 'group_examples.py', out / 'fnc.py')
    return out


def draw(path, tool, *arguments):
    run(TOOLS / 'visualization' / tool, *arguments, '--out', path)


# Figures: eight curves, sizes, six of health; detection four; maps, shares, sheet; the study adds eight measures and a second
# sheet; GloFND lacks the three curves of accepted labels and adds threshold errors, histogram, scatter, two accuracies and
# two panels of bars; FNC has no thresholds.
REPORTS = {'study/report.html': 26, 'glofnd/report.html': 25, 'fnc/report.html': 21, 'two.html': 32}


@pytest.mark.parametrize('name, at_least', REPORTS.items())
def test_reports_show_their_figures(folder, tmp_path, name, at_least):
    assert problems_of(tmp_path, folder / name, at_least) == []


@pytest.mark.parametrize('width', [1200, 420])
def test_reports_are_legible_in_light_and_dark(folder, tmp_path, width):
    light, dark = (screenshot(tmp_path, folder / 'two.html', width, scheme) for scheme in (LIGHT, DARK))
    assert light.shape == dark.shape == (2000, width)
    assert np.median(light) > .95 and np.median(dark) < .15
    assert light.min() < .2 and dark.max() > .85, 'text stands out'
    assert light.std() > .05 and dark.std() > .05


@pytest.mark.parametrize('damage', [
    lambda text: re.sub(r'<svg.*?</svg>', '', text, flags=re.DOTALL),
    lambda text: re.sub(r'(<g id="[^"]*mark_\d+">).*?</g>', r'\1</g>', text, flags=re.DOTALL),
    lambda text: re.sub(r'<figure.*?</figure>', '', text, flags=re.DOTALL),
    lambda text: text.replace('</body>', '<script>console.error("x")</script></body>'),
])
def test_an_emptied_or_noisy_report_is_refused(folder, tmp_path, damage):
    page = tmp_path / 'emptied.html'
    page.write_text(damage((folder / 'glofnd/report.html').read_text()))
    assert problems_of(tmp_path, page, REPORTS['glofnd/report.html'])


@pytest.mark.parametrize('name, section, what', [
    ('fnc/report.html', 'Which negatives were removed', '<image[^>]*>'),
    ('glofnd/report.html', 'Coarser and finer classes', r'(?<=mark_0">).*?</g>'),
    ('glofnd/report.html', 'Does the representation use its space?', r'(?<=mark_0">).*?</g>')])
def test_one_emptied_figure_is_refused(folder, tmp_path, name, section, what):
    page, text = tmp_path / 'emptied.html', (folder / name).read_text()
    start = text.index(section)
    end = text.index('</figure>', text.index('<svg', start + (text[start:].index('wide') if what.startswith('<image') else 0)))
    emptied = re.sub(what, '</g>' if what.endswith('</g>') else '', text[start:end], flags=re.DOTALL)
    page.write_text(text[:start] + emptied + text[end:])
    assert emptied != text[start:end] and problems_of(tmp_path, page, REPORTS[name])


@pytest.mark.parametrize('name', ['sheet.png', 'fnc_sheet.png'])
def test_contact_sheet_is_a_picture_with_five_rows(folder, tmp_path, name):
    assert shown_picture(tmp_path, folder / name).std() > .1
    picture = matplotlib.image.imread(folder / name)
    frames = is_blue(picture) | is_orange(picture)
    bands = np.diff(np.flatnonzero(frames.any(axis=1)))
    assert (bands > 20).sum() == 4
    for half in np.array_split(is_blue(picture), 2, axis=1):
        assert half.any(), 'each of the two detectors removed something rightly'


def test_bars_of_groups_and_the_baseline_are_drawn(folder, tmp_path):
    page = tmp_path / 'bars.html'
    page.write_text((folder / 'bars.svg').read_text()[(folder / 'bars.svg').read_text().index('<svg'):])
    dom, console = browse(tmp_path, page, '--dump-dom')
    assert not console and dom.count('<clipPath') == 2
    for text in ('Top-1 accuracy (%)', 'Balanced accuracy (%)', 'always the largest group', '2 groups', '10 groups'):
        assert text in dom or f'<!-- {text} -->' in dom, text
    assert screenshot(tmp_path, page, 1000, LIGHT).std() > .05


def test_images_of_groups_fill_a_row_a_grouping(folder, tmp_path):
    assert shown_picture(tmp_path, folder / 'groups.png').std() > .1
    picture = matplotlib.image.imread(folder / 'groups.png')[..., :3].mean(axis=2)
    dark = (picture < .5).mean(axis=1)
    rows = np.split(dark, np.flatnonzero(np.diff((dark > .1).astype(int))) + 1)
    first, second = (row.mean() for row in rows if row.mean() > .1 and len(row) > 60)  # titles are not as high
    assert second > 1.5 * first, 'zero or not are two groups, and of the digits there are four'


def shown_picture(tmp_path, path):
    """Grey levels of the page with the picture alone."""
    page = tmp_path / 'picture.html'
    page.write_text(f'<img src="{path.as_uri()}">')
    return screenshot(tmp_path, page, 1400, LIGHT)


def is_blue(picture):
    """Frames of what was rightly removed, bool (H, W)."""
    return (picture[..., 2] > .55) & (picture[..., 0] < .2)


def is_orange(picture):
    """Frames of true negatives that were lost, bool (H, W)."""
    return (picture[..., 0] > .7) & (picture[..., 2] < .2)
