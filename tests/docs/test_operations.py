"""docs/operations.md says what the commands and the daily sweep do."""

from __future__ import annotations

from click.testing import CliRunner

from chalicelib.commands import commands
from chalicelib.domain.request import SETTLES_AFTER
from chalicelib.domain.tally import SMALL, Counted
from chalicelib.usecases.upkeep import MOST, UNSETTLED
from tests.docs.pages import firsts, rows, text

PAGE = "docs/operations.md"


def test_every_command_is_documented_with_its_options() -> None:
    assert set(firsts(PAGE, "table: commands")) == set(commands.commands)
    said = {row[0].strip("`"): row[1] for row in rows(PAGE, "table: commands")}
    for name, command in commands.commands.items():
        for option in (o for p in command.params if p.param_type_name == "option" for o in p.opts):
            assert f"`{option}" in said[name] or f"{option}`" in said[name] or option in said[name], f"{name} {option}"


def test_every_command_helps() -> None:
    for name in commands.commands:
        assert CliRunner().invoke(commands, [name, "--help"]).exit_code == 0


def test_the_numbers_are_the_codes() -> None:
    page = text(PAGE)
    assert SETTLES_AFTER.days == 30
    assert "30 days later it settles" in page
    assert MOST == 1000
    assert "up to a thousand requests a day" in page
    assert SMALL == 5
    assert all(f"`{status.value}`" in page for status in UNSETTLED)
    assert all(f"`{outcome.value}`:" in page for outcome in Counted if outcome is not Counted.OPEN)
