"""Sphinx's configuration of the documentation. build.py gives it what the mesh is called."""

extensions = ["myst_parser"]
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    # With a field, what is read aloud would not be what is seen.
    "navbar_persistent": ["search-button"],
    # Deeper trees unfold by arrows that have no name.
    "navigation_depth": 1,
    # Wide pictures need the room.
    "secondary_sidebar_items": {"**": ["page-toc"], "docs/architecture": [], "catalogue/lineage": []},
    "footer_start": [],
    "footer_end": [],
    "show_prev_next": False,
    "search_as_you_type": False,
    "back_to_top_button": False,
}
html_context = {"default_mode": "auto"}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/mesh.svg"
html_use_index = False
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
# Anchors as GitHub makes them, so that links work in both.
myst_heading_anchors = 4
# Quotes stay as they were typed: some are part of a command.
smartquotes = False
# Pygments knows less of HCL than Terraform does.
suppress_warnings = ["misc.highlighting_failure"]
