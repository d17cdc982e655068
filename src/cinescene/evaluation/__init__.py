"""Evaluation: does the clip show the photographed place, does it follow the camera, does its subject act?

Every measure is a function of pictures, cameras or numbers, usable alone; `cinescene.evaluation.run` scores folders.
What each measure is, and what it is not, says ``docs/evaluation.md``.
"""
