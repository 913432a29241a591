"""What a person does with cards, slots, care sheets and authorities, without a face: no command line, no page.

The command line and the pages of a browser are two faces of it. Nothing is imported here: each module is asked for by
name, so that a command loads only what it needs.
"""
