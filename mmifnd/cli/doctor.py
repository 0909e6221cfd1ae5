"""Check what a training needs: versions, GPUs, kernels of faiss, extras, port, shared memory, disk.

    mmifnd doctor
    mmifnd doctor --json --work-dir /scratch/runs

Exits with 1 if something prevents a training. Lines with ! say what could be better.
"""

import argparse
import json
import os
from dataclasses import asdict

from mmifnd.errors import UserError

#: How a status is shown.
MARKS = dict(ok=' ', note='!', problem='X')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where a training would run."""
    parser.add_argument('--json', action='store_true', help='print JSON: name, value, status, remedy, details of each finding')
    parser.add_argument('--port', help='where the processes of a training meet; default: PORT of the environment, else 29500')
    parser.add_argument('--work-dir', default='work_dirs', help='folder for checkpoints')


def run(args: argparse.Namespace) -> int:
    """Look, print; 1 if there is a problem."""
    from .findings import PROBLEM, examine
    findings, width = [], 14
    port = args.port or os.environ.get('PORT', '29500')
    if not port.isdecimal():
        raise UserError(f'port {port} is not a number; give one from 1024 to 65535')
    for finding in examine(int(port), args.work_dir):
        findings.append(finding)
        if not args.json:
            print(f'{MARKS[finding.status]} {finding.name:{width}} {finding.value}')
            if finding.remedy:
                print(f'  {"":{width}} -> {finding.remedy}')
    problems = [finding.name for finding in findings if finding.status == PROBLEM]
    if args.json:
        print(json.dumps(dict(ok=not problems, findings=[asdict(finding) for finding in findings]), indent=1))
    else:
        print(f'\nnot ready: {", ".join(problems)}' if problems else '\nready to train')
    return int(bool(problems))
