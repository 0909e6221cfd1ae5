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
EPOCHS = 16  # six beyond the start of GloFND's thresholds
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
    """A study in small (``study``), a GloFND run with an online probe (``glofnd``), and the reports of all."""
    out = tmp_path_factory.mktemp('reports')
    run(TOOLS / 'study.py', '--epochs', 6, '--seeds', 2, '--methods', 'simclr', 'ifnd_linear', 'ifnd_half',
        '--out', out / 'study')
    (out / 'glofnd.py').write_text(f"_base_ = '{ROOT}/configs/glofnd/sogclr_glofnd_digits.py'\n"
                                   f"train_cfg = dict(max_epochs={EPOCHS})\ncustom_hooks = [dict(type='OnlineProbeHook')]\n")
    run(TOOLS / 'train.py', out / 'glofnd.py', '--work-dir', out / 'glofnd')
    ifnd = out / 'study/ifnd_linear/seed_0'
    run(TOOLS / 'report.py', out / 'glofnd')
    run(TOOLS / 'report.py', ifnd, out / 'glofnd', '--out', out / 'two.html')
    run(TOOLS / 'visualization/contact_sheet.py', ifnd, out / 'glofnd', '--out', out / 'sheet.png')
    return out


# Figures: eight curves, sizes, six of health; detection four; maps, shares, sheet; the study adds eight measures and a second
# sheet; GloFND lacks the three curves of accepted labels and adds threshold errors, histogram, scatter and two accuracies.
@pytest.mark.parametrize('name, at_least', [('study/report.html', 26), ('glofnd/report.html', 23), ('two.html', 30)])
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
    assert problems_of(tmp_path, page, 23)


def test_contact_sheet_is_a_picture_with_five_rows(folder, tmp_path):
    page = tmp_path / 'sheet.html'
    page.write_text(f'<img src="{(folder / "sheet.png").as_uri()}">')
    shown = screenshot(tmp_path, page, 1400, LIGHT)
    assert shown.std() > .1
    picture = matplotlib.image.imread(folder / 'sheet.png')
    blue = (picture[..., 2] > .6) & (picture[..., 0] < .2)  # frames of what was rightly removed
    bands = np.diff(np.flatnonzero(blue.any(axis=1)))
    assert (bands > 20).sum() == 4 and blue[:, :picture.shape[1] // 2].any() and blue[:, picture.shape[1] // 2:].any()
