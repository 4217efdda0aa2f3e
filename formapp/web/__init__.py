"""The web side of the help desk: views parse, call one use case and redirect."""
