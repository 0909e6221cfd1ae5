#!/usr/bin/env bash
# Lists the archives that an installation of the tested versions takes on this platform, each with its checksum:
#     bash tools/hash_requirements.sh requirements/hashes.txt [runtime|tests]
#     MMIFND_HASHES=requirements/hashes.txt bash tools/quickstart.sh      installs these archives and no others
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_setup.sh"

out="${1:?usage: bash tools/hash_requirements.sh OUT [runtime|tests]}"
make_venv
report="$(mktemp)"
trap 'rm -f "$report"' EXIT
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --dry-run --ignore-installed --report "$report" \
    -c "$ROOT/requirements/constraints.txt" -r "$ROOT/requirements/${2:-runtime}.txt" -r "$ROOT/requirements/openmmlab.txt" \
    -r "$ROOT/requirements/faiss-cpu.txt" opencv-python-headless 'setuptools>=77.0.3'
"$VENV/bin/python" - "$report" "$out" <<'P'
import json
import sys

rows = []
for item in json.load(open(sys.argv[1]))['install']:
    name, version = item['metadata']['name'], item['metadata']['version']
    rows.append(f'{name}=={version} --hash=sha256:{item["download_info"]["archive_info"]["hashes"]["sha256"]}')
with open(sys.argv[2], 'w') as file:
    file.write('\n'.join(sorted(rows, key=str.lower)) + '\n')
print(f'{sys.argv[2]}: {len(rows)} archives')
P
