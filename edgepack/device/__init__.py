"""The serial line: framing, session, bench and verify."""
