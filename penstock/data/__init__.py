"""Documents as Arrow rows, shards of files, datasets as folders."""
