"""Scene-decoupled data on disk: written by the set factory, read for training, published or our own."""
