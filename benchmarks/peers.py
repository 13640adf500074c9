"""Make an environment for each peer, of pinned packages: `python benchmarks/peers.py [NAME …]`.

Peers cannot share one (they pin different versions of NumPy), nor penstock's.
"""

import argparse
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ENVS = Path(__file__).parent / ".envs"


@dataclass(frozen=True)
class Peer:
    """What a peer needs: packages, those to be there first, those to be installed without what they
    ask for, or a repository at a commit."""

    packages: tuple[str, ...]
    first: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    # pip gives up on some sets of pins.
    uv: bool = False
    repository: str = ""
    commit: str = ""


PEERS = {
    "datatrove": Peer(
        # Without the last three it splits no words, extracts no text, reads no JSON; the words of
        # Chinese and Japanese need more. Its deduplication imports tokenizers, and hashes strings,
        # which xxhash 4 does not.
        packages=(
            "datatrove==0.10.1", "spacy==3.8.18", "lxml_html_clean", "orjson", "jieba==0.42.1",
            "sudachipy", "sudachidict_core", "regex", "pyarrow", "tokenizers", "xxhash<4",
        ),
    ),
    "dolma": Peer(
        packages=("dolma==1.2.1", "numpy==1.26.4", "pyarrow<20", "xxhash"),
        uv=True,
    ),
    "data-juicer": Peer(
        # What it installs while it runs, when it is missing, would be a PyTorch for CUDA.
        first=("torch==2.13.0",),
        packages=("py-data-juicer==1.6.1", "aiohttp", "ray==2.60.0", "xxhash"),
    ),
    "curator": Peer(
        first=("torch==2.13.0",),
        packages=("nemo-curator==1.4.0", "xxhash"),
    ),
    "text-dedup": Peer(
        # It asks for Spark, Sphinx and an ONNX model too, none of which its MinHash imports.
        packages=(
            "datasets==5.2.0", "click-option-group==0.5.9", "ftfy", "psutil", "regex", "rich",
            "scipy", "setuptools", "tqdm", "xxhash",
        ),
        bare=("text-dedup==0.4.0",),
    ),
    "datasketch": Peer(packages=("datasketch==2.0.0", "xxhash")),
    "rensa": Peer(packages=("rensa==0.5.0",)),
    "dclm": Peer(
        packages=(
            "uniseg==0.10.1", "nltk", "unidecode", "fasttext-numpy2-wheel==0.9.2", "blingfire",
            "numpy", "pyarrow", "xxhash",
        ),
        repository="https://github.com/mlfoundations/dclm",
        commit="361714bdd60bb9b7f4b2d8354cebbf0dec0c329e",
    ),
}  # fmt: skip


def python(name: str, envs: Path = ENVS) -> Path:
    """The interpreter of a peer's environment, which is made if it is not there."""
    folder = envs / name
    found = folder / "bin" / "python"
    if not found.exists():
        _make(PEERS[name], folder)
    return found


def _make(peer: Peer, folder: Path) -> None:
    print(f"making {folder}", file=sys.stderr)
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    for packages in (peer.first, ("uv",) if peer.uv else ()):
        if packages:
            subprocess.run([*pip, *packages], check=True)
    if peer.uv:
        pip = [str(folder / "bin" / "uv"), "pip", "install", "--quiet", "--python", pip[0]]
    subprocess.run([*pip, *peer.first, *peer.packages], check=True)
    if peer.bare:
        subprocess.run([*pip, "--no-deps", *peer.bare], check=True)
    if peer.repository:
        source = str(folder / "source")
        subprocess.run(["git", "clone", "--quiet", peer.repository, source], check=True)
        subprocess.run(["git", "-C", source, "checkout", "--quiet", peer.commit], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(PEERS), metavar="NAME")
    parser.add_argument("--envs", type=Path, default=ENVS, help="where the environments lie")
    arguments = parser.parse_args()
    for name in arguments.names:
        print(python(name, arguments.envs))


if __name__ == "__main__":
    main()
