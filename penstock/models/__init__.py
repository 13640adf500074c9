"""Model folders, chat templates and the one client that talks to served models."""
