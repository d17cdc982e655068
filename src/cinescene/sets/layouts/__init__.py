"""Generators of sets: what stands where in rooms, halls, courtyards and streets."""
