"""`fraud worker`: one role in this process, or several in supervised processes of their own."""

from __future__ import annotations

import os
import signal
import threading
from enum import StrEnum
from types import FrameType
from typing import Annotated

import typer

from infra.kafka.ports import free_port, is_free
from streams.cli.options import Bootstrap, Json, reachable
from streams.cli.output import errors_console, example, result

TEND_S = 0.2


class RoleName(StrEnum):
    """What a worker can be told to do; a test compares them with the wiring."""

    HOT = "hot"
    JOIN = "join"
    LEARN = "learn"
    DRIFT = "drift"
    VERIFY = "verify"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("fraud worker hot --worker-id hot-2 --web-port 6067"))(worker)


def worker(
    roles: Annotated[
        list[RoleName],
        typer.Argument(
            help="What to run; several: a process each. `verify` is a shadow, not one of `all`."
        ),
    ],
    *,
    bootstrap: Bootstrap = None,
    worker_id: Annotated[
        str, typer.Option(envvar="FRAUD_WORKER_ID", help="A restart under it takes its place.")
    ] = "worker-1",
    web_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65_535,
            envvar="FRAUD_WEB_PORT",
            help="Of /metrics, /live, /ready, /health; further roles get the next ones, 0: any.",
        ),
    ] = 6066,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Also derive every decision again, in a shadow of its own, and compare.",
        ),
    ] = False,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True)] = False,
    as_json: Json = False,
) -> None:
    """Run workers until they are told to stop (SIGTERM, Ctrl-C)."""
    names = chosen([*roles, RoleName.VERIFY] if verify else roles)
    address = reachable(bootstrap)
    ports = ports_from(web_port, len(names))
    if as_json:
        web = [f"http://127.0.0.1:{port}" for port in ports]
        found = {"pid": os.getpid(), "bootstrap": address, "worker_id": worker_id}
        found |= {"roles": dict(zip(names, web, strict=True))}
        result(found, "", as_json=True)
        os.dup2(2, 1)  # Faust and its libraries print where they like
    environment = {"FRAUD_BOOTSTRAP": address, "FRAUD_WORKER_ID": worker_id}
    if len(names) == 1:
        run_here(names[0], ports[0], environment, lifeline=lifeline)
    else:
        supervise(names, ports, environment)


def chosen(roles: list[RoleName]) -> list[str]:
    """The roles without `all` and repeats, in the table's order; the shadow only if it is named.

    >>> chosen([RoleName.JOIN, RoleName.HOT, RoleName.JOIN])
    ['hot', 'join']
    >>> chosen([RoleName.ALL, RoleName.VERIFY])[-2:]
    ['drift', 'verify']
    """
    every = [role for role in RoleName if role is not RoleName.ALL]
    needed = [role for role in every if RoleName.ALL in roles and role is not RoleName.VERIFY]
    return [role.value for role in every if role in roles or role in needed]


def ports_from(first: int, count: int) -> list[int]:
    """As many web ports: the first as asked for, each further one the next that is free."""
    if first == 0:
        return [free_port() for _ in range(count)]
    ports = [first]
    while len(ports) < count:
        following = ports[-1] + 1
        while following < 65_535 and not is_free(following):
            following += 1
        ports.append(following)
    return ports


def run_here(role: str, port: int, environment: dict[str, str], *, lifeline: bool) -> None:
    """Run one role in this process; ends it."""
    from streams.demo.processes import hold_lifeline  # noqa: PLC0415 - keeps `--help` quick

    if lifeline:
        hold_lifeline()
    os.environ.update(environment | {"FRAUD_WEB_PORT": str(port)})
    from streams.roles import run  # noqa: PLC0415 - reads the settings as they are now
    from streams.settings import Settings  # noqa: PLC0415

    run(role, Settings())


def supervise(names: list[str], ports: list[int], environment: dict[str, str]) -> None:
    """Run each role in a process, restarting those that ask for it, until told to stop."""
    from streams.demo.processes import WorkerProcess, Workers  # noqa: PLC0415 - quick `--help`

    stop = threading.Event()

    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    processes = [
        WorkerProcess(name, port, environment) for name, port in zip(names, ports, strict=True)
    ]
    with Workers(processes) as workers:
        for process in processes:
            errors_console().print(
                f"{process.role}: process {process.pid}, http://127.0.0.1:{process.web_port}"
            )
        while not stop.wait(TEND_S):
            workers.tend()
