"""Photos of a place taken from about one spot, put together: which way each looked, and the panorama that they make."""
