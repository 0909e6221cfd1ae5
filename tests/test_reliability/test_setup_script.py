"""tools/_setup.sh makes environments: it never removes what it did not make, and a second call installs nothing."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Stands in for Python, and writes down what is asked of it; in a folder that is to become an environment it puts itself.
PYTHON = '''#!/usr/bin/env bash
echo "$*" >>"$CALLS"
[ "$1 $2" = "-c import cv2" ] && exit "${NO_CV2:-0}"
[ "$1 $2" = "-c import ensurepip, venv" ] && exit "${NO_ENSUREPIP:-0}"
[ "$1 $2" = "-m venv" ] || exit 0
mkdir -p "$3/bin" && touch "$3/pyvenv.cfg" && cp "$0" "$3/bin/python"
exit "${NO_VENV:-0}"
'''


@pytest.fixture
def set_up(tmp_path):
    """Run ``setup_environment runtime`` for a folder; exit code, what was said, and the calls of Python."""
    python, calls = tmp_path / 'python', tmp_path / 'calls'
    python.write_text(PYTHON)
    python.chmod(0o755)

    def run(folder, **environment):
        calls.write_text('')
        script = f'source {ROOT}/tools/_setup.sh; id() {{ echo 1000; }}; setup_environment runtime'
        done = subprocess.run(['bash', '-c', script], capture_output=True, text=True, timeout=60, env={
            'PATH': os.environ['PATH'], 'PYTHON': str(python), 'MMIFND_VENV': str(folder), 'CALLS': str(calls), **environment})
        return done.returncode, done.stderr, calls.read_text().splitlines()

    return run


def test_opencv_without_a_screen_is_installed_under_the_constraints(set_up, tmp_path):
    _, _, calls = set_up(tmp_path / 'venv', NO_CV2='1')
    call, = (call for call in calls if 'opencv-python-headless' in call)
    assert f'--no-deps -c {ROOT}/requirements/constraints.txt opencv-python-headless' in call
    lines = (ROOT / 'requirements' / 'constraints.txt').read_text().splitlines()
    pinned = dict(line.split('==') for line in lines if '==' in line)
    assert pinned['opencv-python-headless'] == pinned['opencv-python']


def test_with_hashes_these_archives_are_installed_and_no_others(set_up, tmp_path):
    hashes = tmp_path / 'hashes.txt'
    hashes.write_text('opencv-python-headless==1.0 --hash=sha256:00\n')
    _, _, calls = set_up(tmp_path / 'venv', MMIFND_HASHES=str(hashes), NO_CV2='1')
    installs = [call for call in calls if 'pip install' in call and '--editable' not in call]
    assert len(installs) == 2 and all('--require-hashes' in call and '--no-deps' in call for call in installs)


@pytest.mark.parametrize('environment', [{}, {'NO_VENV': '1'}, {'NO_ENSUREPIP': '1'}])
def test_a_folder_of_the_user_is_left_alone(set_up, tmp_path, environment):
    thesis = tmp_path / 'precious' / 'thesis.tex'
    thesis.parent.mkdir()
    thesis.write_text('x')
    code, said, calls = set_up(thesis.parent, **environment)
    assert code == 1 and said.startswith(f'error: {thesis.parent} exists and is no virtual environment; name another folder')
    assert list(thesis.parent.iterdir()) == [thesis] and thesis.read_text() == 'x' and calls == []


def test_a_file_of_the_user_in_an_environment_outlives_a_failure(set_up, tmp_path):
    note = tmp_path / 'env' / 'note.txt'
    note.parent.mkdir()
    (note.parent / 'pyvenv.cfg').touch()
    note.write_text('x')
    code, said, _ = set_up(note.parent, NO_VENV='1')
    assert code == 1 and f'-m venv {note.parent} failed' in said and note.read_text() == 'x'


def test_without_ensurepip_nothing_is_made(set_up, tmp_path):
    code, said, _ = set_up(tmp_path / 'env', NO_ENSUREPIP='1')
    assert code == 1 and 'apt-get install python3-venv' in said and not (tmp_path / 'env').exists()


def test_mmifnd_is_installed_editable_and_a_second_call_installs_nothing(set_up, tmp_path):
    (tmp_path / 'env').mkdir()  # an empty folder will do
    code, said, calls = set_up(tmp_path / 'env')
    assert code == 0, said
    installed = [call for call in calls if call.startswith('-m pip install')]
    assert '-r' in installed[0] and installed[-1].endswith(f'--no-deps --no-build-isolation --editable {ROOT}')
    assert set_up(tmp_path / 'env') == (0, '', [])
