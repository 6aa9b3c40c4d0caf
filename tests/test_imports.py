"""Who may import whom. The layers of the design, checked rather than hoped for."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from connectors.registry import SYSTEMS

ROOT = Path(__file__).parent.parent
PACKAGES = ("sharespine", "flows", "billing", "connectors")
#: What connectors may use of the project: plain Python, so that they also run beside an ERP without Django.
PLAIN_FLOOR = ("sharespine.lib.clock", "sharespine.lib.money", "sharespine.lib.text")


def files() -> dict[str, Path]:
    """Module name → file, of everything that runs in production."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> dict[str, frozenset[str]]:
    """Module name → the modules that it imports, at the top, inside functions or for types only."""
    modules = files()
    graph = {}
    for name, path in modules.items():
        targets: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                targets.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names} & modules.keys()
                targets.update(inner)
                if len(inner) < len(node.names):
                    targets.add(node.module)
        graph[name] = frozenset(targets)
    return graph


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def offences(layer: str, *forbidden: str, but: tuple[str, ...] = ()) -> list[str]:
    """`module → import` for each import by `layer` of something in `forbidden`, `but` excepted."""
    return sorted(
        f"{module} → {target}"
        for module, targets in imports().items()
        if within(module, layer)
        for target in targets
        if within(target, *forbidden) and not within(target, *but)
    )


def reachable(start: str) -> set[str]:
    """The modules of our own that importing `start` brings in."""
    seen, left = set(), [start]
    while left:
        module = left.pop()
        if module in seen or module not in imports():
            continue
        seen.add(module)
        left.extend(imports()[module])
    return seen


def test_the_floor_imports_nothing_of_ours() -> None:
    assert offences("sharespine.lib", *PACKAGES, but=("sharespine.lib",)) == []


def test_connectors_know_no_django_and_only_the_plain_part_of_the_floor() -> None:
    assert offences("connectors", "django", "rest_framework", "flows", "billing") == []
    assert offences("connectors", "sharespine", but=PLAIN_FLOOR) == []
    for module in PLAIN_FLOOR:
        assert not any(within(target, "django") for target in imports()[module])


def test_billing_knows_neither_flows_nor_connectors() -> None:
    assert offences("billing", "flows", "connectors", "sharespine", but=("sharespine.lib",)) == []


def test_flows_do_not_know_the_project_above_them() -> None:
    assert offences("flows", "sharespine", but=("sharespine.lib",)) == []


def test_the_shared_parts_of_connectors_know_no_system() -> None:
    packages = tuple(SYSTEMS.values())
    shared = [module for module in imports() if within(module, "connectors") and not within(module, *packages)]
    assert [module for module in shared if any(within(target, *packages) for target in imports()[module])] == []


def test_a_system_is_named_only_by_the_registry_and_itself() -> None:
    for package in SYSTEMS.values():
        named = [module for module, targets in imports().items() if any(within(target, package) for target in targets)]
        assert [module for module in named if not within(module, package)] == []


@pytest.mark.parametrize("key", SYSTEMS)
def test_a_simulator_shares_no_code_with_its_connector(key: str) -> None:
    package = SYSTEMS[key]
    simulator, connector = reachable(f"{package}.sandbox"), reachable(f"{package}.connector")
    assert f"{package}.sandbox" in simulator
    assert f"{package}.connector" in connector
    shared = {module for module in simulator & connector if within(module, package) and module != package}
    assert shared == set()


def test_a_connector_does_not_know_that_there_are_simulators() -> None:
    for package in SYSTEMS.values():
        assert [m for m in reachable(f"{package}.connector") if within(m, "connectors.sandbox")] == []


def test_admin_portal_and_api_call_services_and_never_the_engine() -> None:
    for layer in ("flows.admin", "sharespine.admin", "sharespine.api", "sharespine.portal"):
        assert offences(layer, "flows.engine") == []


def test_within_flows_and_billing_only_the_tasks_know_the_queue() -> None:
    assert [
        o for o in (*offences("flows", "django_q"), *offences("billing", "django_q")) if not o.startswith("flows.tasks ")
    ] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_hold_a_docstring_and_at_most_what_they_gather(package: str) -> None:
    for path in sorted((ROOT / package).rglob("__init__.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        code = [node for node in body if not isinstance(node, ast.Expr | ast.ImportFrom) and not _is_all(node)]
        assert code == [], path


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["__all__"]
