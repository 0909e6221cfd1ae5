"""pytest in processes forked from one that has imported everything but mmifnd: of a short run, most is imports."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMPORTED = ('torch', 'faiss', 'hypothesis', 'mmengine.runner', 'scipy.stats', 'sklearn.linear_model', 'sklearn.svm',
            'mmpretrain.models', 'mmpretrain.datasets')


class ForkedPytest:
    """A process that forks a pytest for each request."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=dict(os.environ, OMP_NUM_THREADS='1', PYTHONDONTWRITEBYTECODE='1'),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def run(self, folder: Path, *arguments: str) -> tuple[int, str]:
        """Exit code of pytest with ``arguments`` in the checkout ``folder``, and what it printed."""
        output = folder / 'pytest_output.txt'
        request = dict(folder=str(folder), arguments=arguments, output=str(output))
        print(json.dumps(request), file=self._process.stdin, flush=True)
        code = self._process.stdout.readline()
        if not code:
            raise RuntimeError(f'the process that forks the tests has ended; run `python {__file__}` to see why')
        return int(code), output.read_text(errors='replace')

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait()


def serve() -> None:
    """Answer each line of stdin, a request, by a line with the exit code."""
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    import_all()
    for line in sys.stdin:
        process = os.fork()
        if not process:
            run_pytest(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), file=answers, flush=True)


def import_all() -> None:
    """torchvision by the workaround of mmifnd, which must not be imported itself; then the others."""
    spec = importlib.util.spec_from_file_location('workarounds', ROOT / 'mmifnd' / 'compat.py')
    workarounds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(workarounds)
    workarounds.ensure_torchvision()
    for name in IMPORTED:
        importlib.import_module(name)


def run_pytest(folder: str, arguments: list[str], output: str) -> None:
    """In the forked process; does not return."""
    with open(os.devnull) as nothing, open(output, 'w') as file:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    os.environ['PYTHONPATH'] = folder
    sys.path[0], sys.argv[1:] = folder, arguments
    code = pytest.main(arguments)
    sys.stdout.flush()
    os._exit(int(code))


if __name__ == '__main__':
    serve()
