"""Every mistake in a recipe is answered in the user's words, with the place and what to do."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from penstock.errors import PenstockError
from penstock.recipe.load import load_recipe
from penstock.recipe.run import prepare
from penstock.specs.read import read_spec

CASES = YAML(typ="safe").load((Path(__file__).parent / "errors.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["error"].splitlines()[0] for case in CASES])
def test_a_wrong_recipe(case: dict[str, Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text('{"text": "a"}\n')
    Path("r.yaml").write_text(case["file"], "utf-8")
    with pytest.raises(PenstockError) as caught:
        prepare(load_recipe(read_spec("r.yaml", ["recipe", "train", "flow"])))
    assert caught.value.render().replace(str(tmp_path), ".") + "\n" == case["error"]


def test_a_missing_file_offers_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("kind: recipe\n")
    with pytest.raises(PenstockError) as caught:
        read_spec(tmp_path / "wbe.yaml", ["recipe"])
    assert caught.value.hint == f"did you mean {tmp_path / 'web.yaml'}?"
    assert caught.value.exit_code == 5


def test_set_changes_one_parameter(tmp_path: Path, write_jsonl: Any) -> None:
    rows = write_jsonl([{"text": "a"}])
    file = tmp_path / "r.yaml"
    steps = f"  - read.jsonl: {{path: {rows}}}\n  - filter.word_count\n" + "  - mask.pii\n" * 2
    file.write_text(f"kind: recipe\nsteps:\n{steps}  - write.parquet\n")
    spec = read_spec(file, ["recipe"])
    recipe = load_recipe(spec, ["filter.word_count.min=7", "4:mask.pii.kinds=[phone]"])
    assert recipe.steps[1].operator.min == 7  # type: ignore[attr-defined]
    assert recipe.steps[3].operator.kinds == ("phone",)  # type: ignore[attr-defined]
    with pytest.raises(PenstockError, match="stands more than once"):
        load_recipe(spec, ["mask.pii.kinds=[phone]"])
    with pytest.raises(PenstockError, match="is not a step"):
        load_recipe(spec, ["filter.word_cont.min=7"])
    with pytest.raises(PenstockError, match="no parameter `mn`"):
        load_recipe(spec, ["filter.word_count.mn=7"])
