"""Recipes: a list of operators, checked, planned, and run over the shards of the input."""
