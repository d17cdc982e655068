"""The video model: a Wan transformer that sees a scene, a camera path and a previz.

Read `inputs` first, then `transformer`.
"""
