"""A training as a run folder: found again by its settings and its data, recorded to its end."""

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from penstock.data.dataset import SUFFIXES
from penstock.data.files import expand, fingerprint
from penstock.errors import MissingError
from penstock.models.folder import Origin, weights_digest
from penstock.models.libraries import need_libraries
from penstock.models.load import is_hub_id
from penstock.runs.commit import file_digest
from penstock.runs.folder import Listener, Run, open_run, recording
from penstock.train.settings import Training


def run_training(
    training: Training,
    *,
    root: Path,
    name: str,
    folder: Path = Path(),
    out: Path | None = None,
    fresh: bool = False,
    listener: Listener | None = None,
    trust: bool = False,
) -> Run:
    """Train, or return the run at once when this very training is done already.

    The run folder is `out`, or one under `root`; the model is in its `model`. Relative paths of
    `training` are looked up where penstock was called and then in `folder`, that of the file which
    describes the training. `listener` hears every event: data, step, eval, checkpoint, saved.
    Raises MissingError when the dataset, the base model or the `train` extra is missing, and
    UsageError when the settings could not train.
    """
    need_libraries()
    origins = {"dataset": _dataset(training.dataset, folder)}
    if training.model:
        origins["model"] = _base(training.model, folder)
    run = open_run(
        root,
        kind="train",
        name=name,
        spec=asdict(training),
        inputs={role: origin.digest for role, origin in origins.items()},
        out=out,
        fresh=fresh,
        listener=listener,
    )
    if run.finished:
        run.close()
        return run
    libraries = {name: version(name) for name in ("torch", "transformers", "peft")}
    with recording(run, versions={**run.record["versions"], **libraries}):
        from penstock.train.loop import train

        metrics = train(run, training, origins, trust=trust)
        run.save(out=str(run.path / "model"), metrics=metrics)
    return run


def _dataset(address: str, folder: Path) -> Origin:
    path = _found(address, folder)
    listing = Path(path) / "dataset.json"
    if listing.exists():
        return Origin(path, file_digest(listing))
    return Origin(path, fingerprint(expand(path, SUFFIXES)))


def _base(model: str, folder: Path) -> Origin:
    path = _found(model, folder)
    if Path(path).is_dir():
        return Origin(path, weights_digest(path))
    if not is_hub_id(model):
        raise MissingError(
            f"no model folder {model}", hint="name a folder, or a model of a hub as owner/name"
        )
    return Origin(model, f"hub:{model}")


def _found(address: str, folder: Path) -> str:
    """The address itself, or where it is in `folder` when only that is there."""
    beside = folder / address
    return str(beside) if not Path(address).exists() and beside.exists() else address
