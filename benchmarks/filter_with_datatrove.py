"""Filter with datatrove; run in its environment: `IN_FOLDER OUT_FOLDER FILTER_CLASS …`."""

import sys

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline import filters
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

if __name__ == "__main__":
    source, out, *names = sys.argv[1:]
    LocalPipelineExecutor(
        pipeline=[
            JsonlReader(source, glob_pattern="*.jsonl"),
            *(getattr(filters, name)() for name in names),
            JsonlWriter(out, compression=None),
        ],
        logging_dir=f"{out}/logs",
    ).run()
