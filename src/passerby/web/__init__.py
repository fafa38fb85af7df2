"""The dashboard: pages that the server renders, under `/app/`.

`routes.py` lists the page modules, `viewer.py` says who looks and what they may see, `rendering.py` makes pages,
`forms.py` reads forms, `assets.py` serves what pages load.
"""
