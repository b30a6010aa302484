"""The picture of a stack, as a foreign XML parser reads it."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("stack", ["stack.toml", "examples/partner-api/stack.toml"])
def test_the_picture_is_well_formed_and_has_a_name(stack):
    command = [os.environ["GATESTACK"], "graph", "--format", "svg", "-f", str(REPOSITORY / stack)]
    written = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    picture = ElementTree.fromstring(written)
    assert picture.tag == f"{SVG}svg"
    assert picture.get("role") == "img"
    assert picture.find(f"{SVG}title").text
    elements = {element.tag.removeprefix(SVG) for element in picture.iter()}
    assert elements <= {"svg", "title", "desc", "style", "g", "rect", "line", "path", "text"}
