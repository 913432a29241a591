"""``bifente fse``: the journey of a care sheet, from its price to its payment."""
