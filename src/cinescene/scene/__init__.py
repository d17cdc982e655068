"""Scenes: pictures of a place from photos, panoramas, videos and posed folders, in one form."""
