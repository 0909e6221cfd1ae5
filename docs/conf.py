"""Sphinx builds the documentation with this file: ``bash tools/build_docs.sh``."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / 'docs' / '_ext')]

project = 'mmifnd'
author = 'The mmifnd authors'
copyright = f'2026, {author}'
release = version = re.search(r"__version__ = '(.+)'", (ROOT / 'mmifnd/__init__.py').read_text()).group(1)

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx.ext.viewcode', 'mathml_formulas',
              'pages_from_elsewhere']
exclude_patterns = ['_build', '_ext', 'examples', 'results']
suppress_warnings = ['config.cache']

# Pages are Markdown that GitHub shows as well.
myst_enable_extensions = ['dollarmath', 'colon_fence', 'attrs_inline']
myst_heading_anchors = 3

# The API reference: docstrings in Google's style; types stand in the signatures.
autodoc_member_order = 'bysource'
autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented'
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_ivar = True

# Everything that a page shows is part of the site: no script, font or inventory comes from elsewhere.
html_theme = 'furo'
html_title = 'mmifnd'
html_static_path = ['_static']
html_css_files = ['mmifnd.css']
html_math_renderer = 'mathml'
html_show_sphinx = False
html_theme_options = dict(
    light_css_variables={'color-brand-primary': '#0a58a8', 'color-brand-content': '#0a58a8'},
    dark_css_variables={'color-brand-primary': '#7ab7ff', 'color-brand-content': '#7ab7ff'})
