"""Flows: recipes, trainings, endpoints and comparisons in a row, and what starts each of them."""
