"""The documentation: snippets marked as runnable run, links and paths lead somewhere, and examples for other loops train."""

import importlib.util
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn

from mmifnd.compat import ensure_torchvision

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]
EXAMPLES = ROOT / 'docs' / 'examples'
SNIPPET = re.compile(r'<!-- runnable -->\n+```python\n(.*?)```', re.DOTALL)
NAMED_FILE = re.compile(r'(?<![\w/{.])((?:configs|tools|docs|tests|requirements)/[\w./-]+\.(?:py|sh|md|yml|txt|json))')
SNIPPETS = [(path, number, code) for path in PAGES for number, code in enumerate(SNIPPET.findall(path.read_text()))]


def name_of(path):
    return str(path.relative_to(ROOT))


def names_of_a_loop():
    """What the loop of a reader has: a data set, batches of views with the index of each image, an encoder."""
    images = torch.tensor(load_digits().data[:96] / 16, dtype=torch.float32)
    loader = [([images[index] + 0.1 * torch.randn(32, 64) for _ in range(2)], index)
              for index in torch.randperm(96).split(32)]
    labels = torch.tensor(load_digits().target[:96])
    return dict(torch=torch, dataset=images, loader=loader, encoder=nn.Linear(64, 16), train_features=images,
                train_labels=labels, features=images[:20], labels=labels[:20])


@pytest.mark.parametrize(('path', 'number', 'code'), SNIPPETS, ids=[f'{name_of(path)}-{n}' for path, n, _ in SNIPPETS])
def test_runnable_snippets_run(path, number, code, tmp_path, monkeypatch, restored_torch):
    monkeypatch.chdir(tmp_path)
    names = names_of_a_loop()
    exec(compile(code, f'{path.name}, snippet {number}', 'exec'), names)  # noqa: S102
    assert all(value.isfinite() for name, value in names.items() if name == 'loss')


def test_the_readme_and_the_page_of_detectors_have_runnable_snippets():
    assert {'README.md', 'docs/write_a_detector.md'} <= {name_of(path) for path, _, _ in SNIPPETS}


# --- links and paths ------------------------------------------------------------------------------------------------------


@cache
def anchors_of(path):
    """Anchors of a page's headings, as GitHub and MyST make them."""
    text = re.sub(r'```.*?```', '', path.read_text(), flags=re.DOTALL)
    headings = re.findall(r'^#+ (.+)$', text, re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).strip().replace(' ', '-') for heading in headings}


@pytest.mark.parametrize('path', PAGES, ids=name_of)
def test_links_lead_somewhere(path):
    text = re.sub(r'```.*?```', '', path.read_text(), flags=re.DOTALL)
    for link in re.findall(r'\]\(([^)\s]+)\)', text):
        if '://' in link:
            continue
        target, _, anchor = link.partition('#')
        page = (path.parent / target).resolve() if target else path
        assert page.exists(), f'{name_of(path)} links to {link}'
        assert not anchor or anchor in anchors_of(page), f'{name_of(path)} links to {link}, a heading that does not exist'


@pytest.mark.parametrize('path', PAGES, ids=name_of)
def test_files_that_a_page_names_exist(path):
    text = re.sub(r'\]\([^)]*\)', '', path.read_text())  # links are relative to the page
    named = set(NAMED_FILE.findall(text))
    assert not {name for name in named if not (ROOT / name).exists()}


# --- examples for other loops ---------------------------------------------------------------------------------------------


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_examples_are_short_and_all_are_tested():
    assert {path.stem for path in EXAMPLES.glob('*.py')} == {'plain_pytorch', 'lightning_lightly', 'simclr_queue'}
    assert all(len(path.read_text().splitlines()) < 40 for path in EXAMPLES.glob('*.py'))


def test_pseudo_labels_in_plain_pytorch(restored_torch):
    torch.manual_seed(0)
    _, detector = example('plain_pytorch').train(epochs=4)
    classes, labels = torch.tensor(load_digits().target), detector.labels[0]
    detected = (labels[:, None] == labels).fill_diagonal_(False)
    precision = (classes[:, None] == classes)[detected].float().mean()
    assert (labels >= 0).all() and precision > 0.4  # 0.1 by chance


def test_groups_in_simclr_with_a_queue(restored_torch):
    torch.manual_seed(0)
    images = torch.randn(32, 8).repeat_interleave(4, dim=0) + 0.05 * torch.randn(128, 8)  # 32 videos of 4 frames
    groups = torch.arange(128) // 4
    train = example('simclr_queue').train
    known = np.mean(train(images, groups, epochs=30)[-10:])
    torch.manual_seed(0)
    unknown = np.mean(train(images, torch.cat([groups[:2], torch.full((126,), -1)]), epochs=30)[-10:])
    assert known < unknown - 0.3  # frames of one video are no negatives


def test_thresholds_in_a_lightning_module_with_parts_of_lightly(tmp_path, monkeypatch, restored_torch):
    monkeypatch.setenv('LIGHTLY_DID_VERSION_CHECK', 'True')  # asks no server
    pytest.importorskip('lightly', reason='lightly is not installed: pip install -r requirements/tests.txt')
    ensure_torchvision()
    module = example('lightning_lightly')
    from lightly.transforms import SimCLRTransform
    from pytorch_lightning import Trainer
    for number in range(16):
        Image.new('RGB', (32, 32), (16 * number, 80, 255 - 16 * number)).save(tmp_path / f'{number:02d}.png')
    dataset = module.LightlyDataset(str(tmp_path), transform=SimCLRTransform(input_size=32))
    model = module.SimCLRWithThresholds(dataset)
    trainer = Trainer(max_epochs=2, accelerator='cpu', logger=False, enable_checkpointing=False,
                      enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(model, torch.utils.data.DataLoader(dataset, batch_size=8, shuffle=True))
    assert (model.detector.table.visits == 1).all() and (model.detector.threshold < 1).all()


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip('furo', reason='Sphinx and furo are not installed: pip install -r requirements/docs.txt')
    command = [sys.executable, '-W', 'ignore', '-m', 'sphinx', '--fail-on-warning', '--keep-going', '--quiet', '-b', 'html']
    built = subprocess.run([*command, str(ROOT / 'docs'), str(tmp_path / 'html')], capture_output=True, text=True,
                           env={**os.environ, 'PYTHONPATH': str(ROOT)}, check=False)
    assert not built.returncode, built.stderr
    pages = sorted((tmp_path / 'html').rglob('*.html'))
    assert {'index.html', 'own_images.html', 'reference.html'} <= {page.name for page in pages}
    for page in pages:  # whatever a page loads is part of the site
        loaded = re.findall(r'<(?:script|img|link)\b[^>]*?(?:src|href)="(https?://[^"]+)"', page.read_text())
        assert not loaded, (page.name, loaded)
