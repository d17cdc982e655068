"""The type checker behind the runtime shape checks: an int is accepted where a float is declared (PEP 484)."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
