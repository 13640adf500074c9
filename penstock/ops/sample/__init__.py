"""Choosing some of the documents."""
