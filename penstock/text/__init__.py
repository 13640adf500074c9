"""Pure functions on strings: words, names."""
