"""Blocking: who stands and walks where in a shot, drawn as stand-in actors into its previz."""
