"""Previz: a camera path flown through photographs, without a neural network."""
