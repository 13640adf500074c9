"""Taking personal data out of texts."""
