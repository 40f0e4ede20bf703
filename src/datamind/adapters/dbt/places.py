"""Where dbt builds: beside what is in use, and in its place only once all is well.

DuckDB: a new file. PostgreSQL: a new schema (`schemas.py`). Elsewhere: in place, table by table.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Protocol

from datamind.adapters.dbt.builds import Build
from datamind.errors import DbtBuildFailed

SPARE = 64 << 20  # bytes that are to stay free beside a copy


class Place(Protocol):
    """One way to build beside what is in use."""

    @property
    def switches(self) -> bool:
        """Whether a build is beside what is in use until it is finished."""
        ...

    @property
    def elsewhere(self) -> bool:
        """Whether its tables are in no file of the build's folder."""
        ...

    def schema_of(self, made: Build) -> str:
        """The schema that all of a build has to go into, if it is kept to one."""
        ...

    def variables(self, made: Build, *, making: bool) -> Mapping[str, str]:
        """The environment by which the profile finds the place of a build, or of what is in use."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """What of the variables must not be told."""
        ...

    def begin(self, made: Build, before: Build | None) -> None:
        """Make the place; with `before`, with all that is in that build."""
        ...

    def again(self) -> tuple[str, ...]:
        """Selectors of what `begin` does not carry on, and dbt has to make again."""
        ...

    def look(self, made: Build, current: Build) -> None:
        """Let dbt read what is in use: `made` is a run that builds nothing."""
        ...

    def finish(self, made: Build, before: Build | None, *, carried: bool) -> tuple[str, ...]:
        """Put it in use, in one step, in the place of the one before; warnings."""
        ...

    def abandon(self, made: Build) -> None:
        """Leave nothing of a build that failed."""
        ...


class DuckDbFile:
    """A file for each build; the pointer to the build is the pointer to it."""

    switches = True
    elsewhere = False

    def schema_of(self, made: Build) -> str:
        """It has the file for itself."""
        return ""

    def variables(self, made: Build, *, making: bool) -> Mapping[str, str]:
        """The file's path."""
        return {"DATAMIND_DUCKDB_PATH": str(made.warehouse)}

    def secrets(self) -> tuple[str, ...]:
        """None: it is a file."""
        return ()

    def begin(self, made: Build, before: Build | None) -> None:
        """Carried forward as a copy, which is all of it or none."""
        if before is None:
            return
        needed = before.warehouse.stat().st_size + SPARE
        if shutil.disk_usage(made.folder).free < needed:
            raise DbtBuildFailed(
                f"A copy of the warehouse takes {needed >> 20:,} MB, which are not free.",
                hint="Make room for one more copy of the warehouse, then run it again.",
            )
        shutil.copyfile(before.warehouse, made.warehouse)

    def again(self) -> tuple[str, ...]:
        """Nothing: the copy has it all."""
        return ()

    def look(self, made: Build, current: Build) -> None:
        """DuckDB lets nobody in who might write while others read: a copy is looked at."""
        self.begin(made, current)

    def finish(self, made: Build, before: Build | None, *, carried: bool) -> tuple[str, ...]:
        """The pointer does it; where there is no file, dbt wrote elsewhere."""
        if not made.warehouse.is_file():
            raise DbtBuildFailed(
                "dbt wrote its tables to another place than it was told.",
                hint="Let the profile's `path` be env_var('DATAMIND_DUCKDB_PATH').",
            )
        return ()

    def abandon(self, made: Build) -> None:
        """Its folder is tidied away."""


class InPlace:
    """Tables are replaced one by one where they are; readers may see a mix meanwhile."""

    switches = False
    elsewhere = True

    def __init__(self, variables: Mapping[str, str], secrets: tuple[str, ...]) -> None:
        self._variables = variables
        self._secrets = secrets

    def schema_of(self, made: Build) -> str:
        """Wherever the profile says."""
        return ""

    def variables(self, made: Build, *, making: bool) -> Mapping[str, str]:
        """The address and its credentials."""
        return self._variables

    def secrets(self) -> tuple[str, ...]:
        """The password."""
        return self._secrets

    def begin(self, made: Build, before: Build | None) -> None:
        """All is there already."""

    def again(self) -> tuple[str, ...]:
        """Nothing: all is there."""
        return ()

    def look(self, made: Build, current: Build) -> None:
        """All is there already."""

    def finish(self, made: Build, before: Build | None, *, carried: bool) -> tuple[str, ...]:
        """What dbt did can't be taken back."""
        return ("Tables were replaced one by one, in place.",)

    def abandon(self, made: Build) -> None:
        """What dbt did can't be taken back."""
