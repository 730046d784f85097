"""Whose network an address is, by a table on this machine and by nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases import asn

TABLE = """1.0.0.0\t1.0.0.255\t13335\tUS\tCLOUD ONE
1.0.1.0\t1.0.3.255\t0\tNone\tNot routed
5.8.0.0\t5.8.0.255\t64500\tKR\tHANGUL NET
203.0.113.0\t203.0.113.255\t64501\tRU\tSEVER
2001:200::\t2001:200:5ff:ffff:ffff:ffff:ffff:ffff\t2500\tJP\tWIDE
2400:cb00::\t2400:cb00:ffff:ffff:ffff:ffff:ffff:ffff\t13335\tUS\tCLOUD ONE
"""


@pytest.fixture
def table(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "ip2asn.tsv"
    path.write_text(TABLE)
    settings.ASN_TABLE = str(path)
    return path


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("1.0.0.0", 13335), ("1.0.0.255", 13335), ("1.0.2.7", 0), ("1.0.4.0", 0), ("5.8.0.9", 64500), ("0.0.0.1", 0),
        ("203.0.113.200", 64501), ("255.255.255.255", 0), ("2001:200::1", 2500), ("2400:cb00:1::", 13335), ("::1", 0),
        ("ffff::", 0), ("nonsense", 0), ("", 0),
    ],
)  # fmt: skip
def test_an_address_is_found_between_the_edges_of_its_network(table: Path, address: str, number: int) -> None:
    found = asn.network_of(address)
    assert (found["number"] if found else 0) == number


def test_without_a_table_nothing_is_known_and_nobody_is_asked(settings: Any) -> None:
    settings.ASN_TABLE = ""
    assert asn.network_of("1.0.0.1") is None
    assert asn.table_trouble() == ""


@pytest.mark.parametrize("content", ["", "not a table\n", "1.0.0.0\t1.0.0.255\tx\tUS\tN\n"])
def test_a_table_that_is_none_costs_only_the_network(table: Path, content: str) -> None:
    table.write_text(content)
    assert asn.network_of("1.0.0.1") is None
    assert asn.table_trouble()


def test_a_table_that_is_gone_is_named(table: Path) -> None:
    table.unlink()
    assert asn.network_of("1.0.0.1") is None
    assert "No such file" in asn.table_trouble()
