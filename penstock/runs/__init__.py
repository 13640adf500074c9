"""Run folders: what happened, kept so that it can be read, resumed and checked."""
