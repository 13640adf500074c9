"""Where a recipe runs. An engine knows three verbs and no operator."""
