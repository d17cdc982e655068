"""Training: every stage from the autoencoder to few-shot tuning, on one engine.

Read `engine.py` (the loop), `stage.py` (what a stage is), then a stage: `vae.py`, `vggt.py`, `video.py`.
"""
