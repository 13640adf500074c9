"""Remove near-duplicates with datatrove, its four steps one after the other; run in its
environment: `IN_FOLDER OUT_FOLDER`."""

import sys

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

if __name__ == "__main__":
    source, out = sys.argv[1:]
    # Its own: 14 bands of 8, runs of five words, 64 bits.
    config = MinhashConfig()
    reader = JsonlReader(source, glob_pattern="*.jsonl")
    signs, pairs, gone = f"{out}/signatures", f"{out}/buckets", f"{out}/remove"
    steps = (
        ([reader, MinhashDedupSignature(signs, config)], 1),
        ([MinhashDedupBuckets(signs, pairs, config=config)], config.num_buckets),
        ([MinhashDedupCluster(pairs, gone, config)], 1),
        ([reader, MinhashDedupFilter(gone), JsonlWriter(f"{out}/kept", compression=None)], 1),
    )
    for number, (pipeline, tasks) in enumerate(steps):
        logs = f"{out}/logs/{number}"
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=logs).run()
