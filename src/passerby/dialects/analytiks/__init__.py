"""The Analytiks dialect: token endpoint and JSON exports.

`routes` receives a request; `auth` says who asks; `requests` what is asked; `places` which locations that is;
`pages` which metrics a page of the exports has; `series` computes them; `shapes` writes the answer.
"""
