"""Labels: what is known about a document, as columns; nothing is dropped."""
