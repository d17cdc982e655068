"""Furniture, props, plants and vehicles, each a function that puts its solids together in a `Workshop`."""
