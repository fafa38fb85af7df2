"""The pages, one module each; `web/routes.py` lists them."""
