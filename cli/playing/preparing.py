"""What must be in place before a synthetic year can be played: the directory, a sender with its key, tokens."""

import secrets
from collections.abc import Sequence

from chassis.database import Database
from cli.directory_bucket import Progress, in_bucket, load_directory, until_known
from cli.errors import CliError
from cli.runtime import TOKEN_SECRET, Suite
from cli.simulator.academy import Academy, SimActor, SimSchool
from contracts.directory import Actor, School
from services.intake import senders
from services.projections import tokens


async def load(suite: Suite, academy: Academy, progress: Progress = lambda done, total: None) -> None:
    """Put the académie's schools and people in the directory, and give every service the time to see them."""
    async with in_bucket(suite) as js:
        done = await load_directory(
            js,
            [_school(school) for school in academy.schools],
            [_actor(actor) for actor in academy.actors],
            progress=progress,
        )
    await until_known(done)


def register_sender(intake: Database, academy: Academy) -> str:
    """The key of a new sender that may speak for the académie's schools, and for no other."""
    with intake.transaction() as tx:
        return senders.add(tx, f"simulator-{secrets.token_hex(4)}", [school.uai for school in academy.schools])


def tokens_of(suite: Suite, actors: Sequence[SimActor]) -> dict[str, str]:
    """A bearer token for each of these people, by their id."""
    secret = suite.secrets().get(TOKEN_SECRET)
    if not secret:
        raise CliError("the secret of the tokens is not known", f"set {TOKEN_SECRET} as the suite has it")
    return {actor.id: tokens.issue(secret.encode(), actor.id) for actor in actors}


def _school(school: SimSchool) -> School:
    return School(
        uai=school.uai,
        name=school.name,
        type=school.type,
        department=school.department,
        network=school.network,
        basin=school.network.replace("FOQUALE", "BASSIN"),
        psad=f"PSAD-{school.department}",
        cio=f"CIO-{school.department}",
        mission_locale=school.mission_locale,
    )


def _actor(actor: SimActor) -> Actor:
    return Actor(id=actor.id, name=actor.name, email=actor.email, role=actor.role, territory=actor.territory)
