"""The commands. Each is a thin face over the Python call of the same name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from penstock import face
from penstock.cli import runs as of_runs
from penstock.cli.emit import emit
from penstock.cli.settings import in_force
from penstock.errors import PenstockError, StoppedError
from penstock.version import VERSION

EXAMPLES = """From the raw web to a fine-tuned model that answers.

\b
Examples:
  penstock new crawl-to-chat demo             a flow with a sample crawl, to be changed
  penstock run demo/crawl-to-chat.yaml        clean, train, serve and compare
  penstock why RUN ID                         why a page was dropped
"""

app = typer.Typer(
    help=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="Model folders: what they are and where they came from.")
endpoints_app = typer.Typer(help="Endpoints that are being served.")
app.add_typer(models_app, name="models")
app.add_typer(endpoints_app, name="endpoints")

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Change a value of the file: key=value.")
]
Runs = Annotated[Path | None, typer.Option(help="Folder of the run folders. [PENSTOCK_RUNS; runs]")]
Trust = Annotated[
    bool | None, typer.Option("--trust", help="Let downloaded code and pickled weights run.")
]


def main() -> None:
    """The entry point: errors become one message on stderr and an exit code."""
    try:
        app()
    except PenstockError as error:
        print(error.render(), file=sys.stderr)
        raise SystemExit(error.exit_code) from _shown(error)
    except BrokenPipeError:
        # The reader of our output has gone; what is left to print concerns nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except Exception as error:
        if os.environ.get("PENSTOCK_DEBUG"):
            raise
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        print(
            "hint: this is a defect in penstock; PENSTOCK_DEBUG=1 shows the traceback to report",
            file=sys.stderr,
        )
        raise SystemExit(1) from None


def _shown(error: PenstockError) -> PenstockError | None:
    """With PENSTOCK_DEBUG set, where the error came from is shown too."""
    if os.environ.get("PENSTOCK_DEBUG"):
        import traceback

        traceback.print_exception(error)
    return None


def _version(asked: bool) -> None:
    if asked:
        print(f"penstock {VERSION}")
        raise typer.Exit


@app.callback()
def penstock(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before a command."""


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="A recipe, training, endpoint, comparison or flow.")],
    set_: Set = None,
    engine: Annotated[str | None, typer.Option(help="local or ray. [PENSTOCK_ENGINE]")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. [all cores]")] = None,
    memory: Annotated[str | None, typer.Option(help="For all processes together: 4G.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder itself.")] = None,
    runs: Runs = None,
    fresh: Annotated[bool, typer.Option(help="Set an earlier run of this aside.")] = False,
    trust: Trust = None,
    json_: Json = False,
) -> None:
    """Run a file to its end; run it again to go on where it stopped."""
    from penstock.cli.progress import Progress
    from penstock.cli.summary import summary

    given = {"engine": engine, "workers": workers, "memory": memory}
    chosen = in_force({**given, "runs": runs, "trust": trust})
    with Progress(sys.stderr) as progress:
        try:
            done = face.run(
                file,
                set=set_ or (),
                engine=chosen["engine"].value,
                workers=chosen["workers"].value,
                memory=chosen["memory"].value,
                runs=chosen["runs"].value,
                out=out,
                fresh=fresh,
                trust=chosen["trust"].value,
                listener=progress,
            )
        except KeyboardInterrupt:
            raise StoppedError(
                "stopped", hint="the same command goes on where it stopped"
            ) from None
    if json_:
        emit(done.record)
    else:
        print(summary(done))


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="A recipe, training, endpoint, comparison or flow.")],
    set_: Set = None,
    probe: Annotated[
        bool, typer.Option(help="Try a recipe on its first thousand documents.")
    ] = True,
    workers: Annotated[int | None, typer.Option(help="For the estimate. [all cores]")] = None,
    json_: Json = False,
) -> None:
    """Check a file and say what it would do and take; nothing is written."""
    from penstock.cli.summary import planned

    found = face.plan(file, set=set_ or (), probe=probe, workers=workers)
    if json_:
        emit(found)
    else:
        print(planned(found))


@app.command()
def new(
    template: Annotated[str, typer.Argument(help="crawl-to-chat or finetune-tiny.")],
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]")] = None,
    json_: Json = False,
) -> None:
    """Copy a shipped flow and its sample into a folder."""
    made = face.new(template, folder)
    if json_:
        emit({"file": str(made)})
    else:
        print(f"{made}\nrun it: cd {made.parent} && penstock run {made.name}")


@app.command()
def ops(
    name: Annotated[
        str | None, typer.Argument(help="An operator, such as filter.word_count; or `eject`.")
    ] = None,
    operator: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The operator to eject.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="The file to eject to.")] = None,
    json_: Json = False,
) -> None:
    """List the operators, describe one, or `eject NAME`: copy one to be changed."""
    from penstock.cli.operators import describe, ejected, listing

    if name == "eject":
        found = ejected(operator, to)
        emit(found) if json_ else print(found["page"])
    elif name is None:
        emit(face.operators()) if json_ else print(listing(face.operators()))
    else:
        one = describe(name)
        emit({k: v for k, v in one.items() if k != "page"}) if json_ else print(one["page"])


@app.command()
def deploy(
    target: Annotated[
        str, typer.Argument(metavar="FILE|MODEL", help="An endpoint file, or a model.")
    ],
    adapter: Annotated[
        list[str] | None, typer.Option(help="An adapter to serve beside it: name=folder.")
    ] = None,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    runs: Runs = None,
    trust: Trust = None,
    json_: Json = False,
) -> None:
    """Serve a model over an OpenAI-compatible address until Ctrl-C."""
    from penstock.cli.serving import serve

    chosen = in_force({"runs": runs, "trust": trust})
    serve(target, adapter or [], port, chosen["runs"].value, chosen["trust"].value, json_)


@app.command()
def chat(
    target: Annotated[str, typer.Argument(help="An address, a model folder, or a run.")],
    message: Annotated[str | None, typer.Argument(help="One question; without it, a talk.")] = None,
    model: Annotated[str | None, typer.Option(help="Which of the models there.")] = None,
    runs: Runs = None,
    trust: Trust = None,
    json_: Json = False,
) -> None:
    """Talk to a model."""
    from penstock.cli.serving import talk

    chosen = in_force({"runs": runs, "trust": trust})
    talk(target, message, model, chosen["runs"].value, chosen["trust"].value, json_)


@app.command()
def compare(
    base: Annotated[str, typer.Argument(help="The model to compare with: a folder or a run.")],
    tuned: Annotated[str, typer.Argument(help="The model to judge: a folder or a run.")],
    questions: Annotated[Path, typer.Option(help="Questions with answers.")],
    train_questions: Annotated[
        Path | None, typer.Option(help="Questions it was trained on, reported apart.")
    ] = None,
    runs: Runs = None,
    trust: Trust = None,
    json_: Json = False,
) -> None:
    """Put the same questions to two models, and write a report."""
    from penstock.cli.serving import comparison

    chosen = in_force({"runs": runs, "trust": trust})
    found = comparison(
        base, tuned, questions, train_questions, chosen["runs"].value, chosen["trust"].value
    )
    if json_:
        emit(found.record)
    else:
        from penstock.cli.summary import summary

        print(summary(found))


@app.command()
def clean(
    runs: Runs = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
    json_: Json = False,
) -> None:
    """Remove runs that were set aside, failed or stopped."""
    from penstock.cli.cleaning import clean_runs

    clean_runs(in_force({"runs": runs})["runs"].value, yes, json_)


@app.command()
def doctor(json_: Json = False) -> None:
    """What is installed, what is missing, what is in force."""
    from penstock.cli.doctor import examine, rendered

    found = examine()
    if json_:
        emit(found)
    else:
        print(rendered(found))


@models_app.command("ls")
def models_ls(runs: Runs = None, json_: Json = False) -> None:
    """The models that runs have made."""
    from penstock.cli.models import listing, made_by_runs

    found = made_by_runs(Path(in_force({"runs": runs})["runs"].value))
    print(listing(found)) if not json_ else emit(found)


@models_app.command("show")
def models_show(
    model: Annotated[str, typer.Argument(help="A model folder, or a run.")], json_: Json = False
) -> None:
    """What a model is, and where it came from."""
    from penstock.cli.models import described, page

    found = described(model)
    print(page(found)) if not json_ else emit(found)


@endpoints_app.command("ls")
def endpoints_ls(runs: Runs = None, json_: Json = False) -> None:
    """The endpoints that are being served."""
    from penstock.cli.serving import endpoint_listing, running_endpoints

    found = running_endpoints(in_force({"runs": runs})["runs"].value)
    print(endpoint_listing(found)) if not json_ else emit(found)


@endpoints_app.command("logs")
def endpoints_logs(
    name: Annotated[str, typer.Argument(help="The endpoint's run folder.")], runs: Runs = None
) -> None:
    """What an endpoint has logged."""
    from penstock.cli.serving import endpoint_log

    print(endpoint_log(name, in_force({"runs": runs})["runs"].value))


@endpoints_app.command("rm")
def endpoints_rm(
    name: Annotated[str, typer.Argument(help="The endpoint's run folder.")],
    runs: Runs = None,
    json_: Json = False,
) -> None:
    """Stop an endpoint."""
    from penstock.cli.serving import stop_endpoint

    stopped = stop_endpoint(name, in_force({"runs": runs})["runs"].value)
    print(f"stopped {stopped['url']}") if not json_ else emit(stopped)


for command in (of_runs.show, of_runs.why, of_runs.what_if, of_runs.explore):
    app.command(command.__name__.replace("_", "-"))(command)


if __name__ == "__main__":
    main()
