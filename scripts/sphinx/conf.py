"""Settings of Sphinx for the documentation; the pages are put together by documentation.py."""

from promptops.about import __version__

project = "promptops"
copyright = "the authors of promptops, Apache-2.0"  # noqa: A001 - Sphinx's own name
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "description"
# Their annotations are strings that only a type checker resolves.
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_use_ivar = True

html_theme = "furo"
html_title = "promptops"
html_show_sphinx = False
html_copy_source = False
# No page asks another server for anything.
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}
pygments_style = "friendly"
