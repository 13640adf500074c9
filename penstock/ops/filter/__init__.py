"""Filters: measure a document, then decide."""
