"""model.json, and folders without one."""

import json
import shutil

import pytest

from penstock.errors import MissingError, UsageError
from penstock.models.folder import Origin, read_model, weights_digest, write_model


def test_a_plain_download_is_a_model(model_folder):
    model = read_model(model_folder)
    assert (model.kind, model.architecture, model.run) == ("model", "LlamaForCausalLM", "")
    assert model.parameters > 20_000
    assert model.weights == weights_digest(model_folder)


def test_what_is_written_is_read(model_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    written = write_model(folder, name="mine", run="mine-0123", dataset=Origin("data", "abc"))
    assert read_model(folder) == written
    assert written.dataset == Origin("data", "abc")
    assert json.loads((folder / "model.json").read_text())["format"] == 1


def test_the_digest_follows_the_weights_and_not_the_place(model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "copy")
    assert weights_digest(tmp_path / "copy") == weights_digest(model_folder)
    with open(tmp_path / "copy" / "model.safetensors", "ab") as stream:
        stream.write(b"\0")
    assert weights_digest(tmp_path / "copy") != weights_digest(model_folder)


def test_no_model_is_missing(tmp_path):
    with pytest.raises(MissingError, match="no model in"):
        read_model(tmp_path)
    with pytest.raises(MissingError, match="no model folder"):
        weights_digest(tmp_path / "none")


def test_a_newer_format_is_refused(tmp_path):
    (tmp_path / "model.json").write_text('{"format": 99}')
    with pytest.raises(UsageError, match="newer penstock"):
        read_model(tmp_path)
