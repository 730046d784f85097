"""The house stands as docs/architecture.md draws it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ["cases", "detection", "takedown", "seoulguard"]  # each may import those before it, never those after


def modules(app: str) -> Iterator[Path]:
    return (path for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts)


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("app", FLOORS)
def test_imports_point_down_only(app: str) -> None:
    above = set(FLOORS[FLOORS.index(app) + 1 :])
    offenders = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(app)
        for name in imported(path)
        if name.split(".")[0] in above
    }
    assert not offenders


def test_the_engine_knows_no_django() -> None:
    offenders = {
        f"{path.name} imports {name}"
        for path in modules("detection/engine")
        for name in imported(path)
        if name.split(".")[0] in {"django", "django_rq", "rq", "cases", "takedown", "seoulguard"}
    }
    assert not offenders


def test_the_engine_runs_without_django() -> None:
    code = "import sys, detection.engine; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_nothing_reads_the_shared_folder() -> None:
    offenders = [path for app in FLOORS for path in modules(app) if "../shared" in path.read_text(encoding="utf-8")]
    assert not offenders


def is_view(node: ast.stmt) -> bool:
    """A function for other modules that takes the request first."""
    if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or not node.args.args:
        return False
    return node.args.args[0].arg == "request"


def own_views() -> Iterator[tuple[str, ast.FunctionDef]]:
    for app in ("cases", "takedown", "seoulguard"):
        for path in [ROOT / app / "views.py", *sorted((ROOT / app / "views").glob("*.py"))]:
            if path.exists():
                for node in ast.parse(path.read_text(encoding="utf-8")).body:
                    if is_view(node):
                        yield f"{path.relative_to(ROOT)}:{node.name}", node


@pytest.mark.parametrize(("name", "view"), list(own_views()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_view_begins_with_access_or_is_public_by_name(name: str, view: ast.FunctionDef) -> None:
    decorators = {ast.unparse(decorator) for decorator in view.decorator_list}
    if view.name.startswith("public_"):
        assert "login_not_required" in decorators, f"{name} is public by name but not by rule"
        return
    assert "login_not_required" not in decorators, f"{name} is open but does not say so in its name"
    statements = [
        node for node in view.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    assert "access." in ast.unparse(statements[0]), f"{name} does not begin with an access helper"


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), entry


def test_every_own_address_leads_to_a_view_with_a_rule() -> None:
    checked = {name.rsplit(":", 1)[1] for name, _ in own_views()}
    for address, entry in patterns(get_resolver()):
        module = entry.callback.__module__
        if module.split(".")[0] in FLOORS:
            assert entry.callback.__name__ in checked, f"/{address} leads to an unchecked view {module}"


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


def test_the_catalogs_are_complete() -> None:
    """Every string of the product stands in the Korean catalog with a translation."""
    done = subprocess.run(
        [sys.executable, "-m", "seoulguard.messages", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
