"""Reading the YAML files that say what to run, strictly and with line numbers."""
