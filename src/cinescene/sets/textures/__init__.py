"""Procedural textures: every pattern is a function of a random generator, a size and a list of colours."""
