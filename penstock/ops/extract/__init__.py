"""The text of a page."""
