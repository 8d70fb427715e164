"""Checks every crate of the lock file against deny.toml: licences allowed there, sources only the registry.

The rules are cargo-deny's own, so that `cargo deny check licenses sources` can be run by hand; building cargo-deny itself
would cost every submission more time than everything else together.
"""

import json
import re
import subprocess
import sys
import tomllib


def satisfied(expression: str, allowed: set[str]) -> bool:
    """An SPDX expression with AND, OR, WITH and brackets; old crates write "/" for OR."""
    expression = expression.replace("/", " OR ")
    names = re.findall(r"\(|\)|\bAND\b|\bOR\b|[A-Za-z0-9.+-]+(?:\s+WITH\s+[A-Za-z0-9.+-]+)?", expression)
    words = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    python = " ".join(words.get(n) or str(re.sub(r"\s+", " ", n) in allowed) for n in names)
    return bool(eval(python, {}, {}))  # made of True, False, and, or and brackets only


def main() -> int:
    with open("deny.toml", "rb") as file:
        allowed = set(tomllib.load(file)["licenses"]["allow"])
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["packages"]
    wrong = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if package["source"] is not None and not package["source"].startswith("registry+"):
            wrong.append(f"{name} comes from {package['source']}")
        if not package["license"] or not satisfied(package["license"], allowed):
            wrong.append(f"{name} is under {package['license']}")
    print("\n".join(wrong) if wrong else f"licences and sources of {len(packages)} crates are as deny.toml allows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
