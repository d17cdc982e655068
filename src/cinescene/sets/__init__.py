"""The set factory: seeded sets, subjects and shots, rendered with and without their subject."""
