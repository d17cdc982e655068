"""Shot lists: many shots on one or several places, described in one YAML file, made in one go and cut together."""
