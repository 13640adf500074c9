"""Pure functions on strings: words, lines, names."""
