"""Allure's page after its files were compressed."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import md5

import pytest

from pytest_websocket.allure.packing import pack
from verification.unit.allure.unpacking import unpacked

ID = md5(b"a test", usedforsecurity=False).hexdigest()


def page_of(files: dict[str, bytes], program: bytes = b"// app") -> str:
    """Returns a page as Allure writes it."""
    listed = ",".join(
        f"d({json.dumps(name)},{json.dumps(b64encode(body).decode())})" for name, body in files.items()
    )
    return (
        f'<body><script   src="data:text/javascript;base64,{b64encode(program).decode()}"></script>'
        f"<script defer>\n Promise.allSettled([{listed}])\n.then(() => {{ ready = true; }})</script></body>"
    )


def test_every_file_comes_out_as_it_went_in() -> None:
    files = {
        "widgets/nav.json": json.dumps([ID]).encode(),
        f"data/test-results/{ID}.json": json.dumps({"id": ID, "name": "Привет · </script>"}).encode(),
        f"data/attachments/{ID}.png": bytes(range(256)),
        "data/attachments/a.txt": b"\x01 is a byte of a message, as is \x01abc " + ID.encode(),
        **{f"data/attachments/{number}.txt": b"x" * 100_000 for number in range(20)},
    }
    program, found = unpacked(pack(page_of(files)))
    assert (program, found) == (b"// app", files)


def test_files_of_the_caller_are_there_too() -> None:
    assert unpacked(pack(page_of({}), {"more.html": b"<b>"}))[1] == {"more.html": b"<b>"}


def test_page_of_many_alike_tests_is_small() -> None:
    names = [md5(bytes([number]), usedforsecurity=False).hexdigest() for number in range(200)]
    test = {"labels": ["of a rule that is long enough to be worth compressing"] * 20}
    files = {f"data/test-results/{each}.json": json.dumps(test | {"id": each}).encode() for each in names}
    files["widgets/nav.json"] = json.dumps(names).encode()
    whole = page_of(files)
    assert len(pack(whole)) < len(whole) / 15


def test_lists_of_the_only_environment_are_stored_once() -> None:
    files = {"widgets/nav.json": b'["a","b"]', "widgets/default/nav.json": b'["b","a"]'}
    found = unpacked(pack(page_of(files)))[1]
    assert found == dict.fromkeys(files, b'["a","b"]')


def test_lists_of_two_environments_are_kept_apart() -> None:
    files = {f"widgets/{name}nav.json": b'["a"]' for name in ("", "one/", "two/")}
    files["widgets/one/nav.json"] = b"[]"
    assert unpacked(pack(page_of(files)))[1] == files


def test_what_nothing_asks_for_is_left_out() -> None:
    program = b"font:url(data:font/woff;base64,AAAA),url(data:font/woff2;base64,BBBB)"
    kept, files = unpacked(pack(page_of({"data/history/1.json": b"{}", "a.json": b"{}"}, program)))
    assert kept == b"font:url(data:,),url(data:font/woff2;base64,BBBB)"
    assert list(files) == ["a.json"]


@pytest.mark.parametrize("page", ["<html></html>", page_of({}).replace("allSettled", "all")])
def test_page_of_another_allure_is_not_packed(page: str) -> None:
    with pytest.raises(ValueError, match=r"Allure 3\.18"):
        pack(page)
