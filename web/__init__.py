"""Web pages, a face as the command line is one: they read a request, ask the workbench, and render values.

Starlette and Jinja2, no build step, no network, no script. An application is made of groups of pages (:class:`PageGroup`): a
folder here for each, with one line where it is served.
"""
