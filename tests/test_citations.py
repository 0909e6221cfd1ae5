"""Each table that code and docs cite is about what the citing line says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: By paper and number of the table: words of which one stands beside the citation, or in the name of the file.
TABLES = {
    ('IFND', 1): ['linear', 'voc', 'places', 'mocov2', 'ifnd_r50', 'PCL', 'probe'],
    ('IFND', 2): ['semi', 'label', 'top-5'],
    ('IFND', 3): ['coco', 'detection'],
    ('IFND', 4): ['nmi'],
    ('IFND', 5): ['simclr', 'supcon', 'cifar', 'depth', 'group', 'coarse', 'balanced', 'wordnet', 'accuracy', 'class'],
    ('IFND', 6): ['accept', 'scheme', 'none', 'constant', 'step', 'linear', 'attraction', 'mtpr', 'rate', 'growth'],
    ('IFND', 7): ['pcl', 'cluster', 'schedule', 'objective', 'confidence', 'dens'],
    ('IFND', 8): ['swav'],
    ('GloFND', 1): ['share', 'label', 'fraction'],
    ('GloFND', 2): ['precision', 'detector', 'fnc', 'detection'],
    ('GloFND', 3): ['transfer', 'logistic'],
    ('GloFND', 4): ['bimodal', 'clip', 'text', 'retrieval', 'zero-shot'],
}
CITATION = re.compile(r"\b(IFND|GloFND)(?:'s)?,? Table (\d+)")


def cited_tables() -> list[tuple[str, int, str, str]]:
    """File, number of the line, paper and table of each citation."""
    files = [path for folder in ('mmifnd', 'configs', 'docs', 'tools') for path in (ROOT / folder).rglob('*')
             if path.suffix in ('.py', '.md') and path.is_file() and 'results' not in path.parts]
    return [(str(path.relative_to(ROOT)), number, line, *match.groups())
            for path in [*files, ROOT / 'README.md'] for number, line in enumerate(path.read_text().splitlines(), 1)
            for match in CITATION.finditer(line)]


def test_every_cited_table_is_about_the_line_that_cites_it():
    citations = cited_tables()
    wrong = [f'{file}:{number}: {paper}, Table {table}: {line.strip()[:80]}' for file, number, line, paper, table in citations
             if not any(word.lower() in (file + line).lower() for word in TABLES.get((paper, int(table)), ()))]
    assert len(citations) > 50
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('citation', ["IFND, Table 5", "GloFND's Table 2", 'IFND Table 8'])
def test_the_pattern_sees_each_way_of_citing(citation):
    assert CITATION.search(f'({citation})')
