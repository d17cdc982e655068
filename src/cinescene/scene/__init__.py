"""Scenes: pictures of a place, from photos, panoramas, videos and posed folders, as the rest of the package takes them."""
