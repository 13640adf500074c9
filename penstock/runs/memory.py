"""How much memory this process has used."""

import resource
import sys


def peak_memory() -> int:
    """The most memory this process has held at once, in bytes, shared pages included.

    Linux counts this process alone; elsewhere the figure of the resource limits is what there is.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as stream:
            for line in stream:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) << 10
    except FileNotFoundError:
        pass  # not Linux
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used << 10
