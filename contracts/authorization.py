"""The permissions as nats-server reads them: `deploy/k8s/components/nats/authorization.conf`, and the laptop's."""

from collections.abc import Sequence

from contracts.permissions import DOOR, USERS, Permissions, door_permissions, permissions_of, sender_permissions

KEYS_FILE = "keys.conf"

_HEAD = f"""\
# Who may say and hear what on NATS. Made from contracts/catalogue.py by `make schemas`: change it there.
#
# {KEYS_FILE}, beside this file, gives each user two public keys (`perseverance keys make DIR` writes it): the one in
# use, and the next one. They are in a file because a reload reads a file again, and never the environment.
include ./{KEYS_FILE}
"""


def key_variables(user: str) -> tuple[str, str]:
    """The names under which the server's configuration knows the two public keys of `user`: in use, and next."""
    name = f"NATS_{user.upper()}"
    return f"{name}_KEY", f"{name}_NEXT_KEY"


def authorization(*, open_door: bool = False, senders: Sequence[tuple[str, str]] = ()) -> str:
    """The whole file. `senders`: name and public key of each school's system; one may have two keys for a while.

    With `open_door`, whoever shows no key may do what senders do.
    """
    roles = {user: permissions_of(user) for user in USERS}
    users = [(variable, user) for user in USERS for variable in key_variables(user)]
    rest = ""
    if open_door:
        roles[DOOR] = door_permissions()
        nobody = key_variables(DOOR)[0]
        users.append((nobody, DOOR))
        rest = f"no_auth_user: ${nobody}\n"
    blocks = "\n".join(f"{user.upper()} = {_rendered(permissions)}" for user, permissions in roles.items())
    entries = "\n".join(
        [
            *(f"  {{ nkey: ${variable}, permissions: ${user.upper()} }}" for variable, user in users),
            *(f"  {{ nkey: {key}, permissions: {_rendered(sender_permissions(name))} }}" for name, key in senders),
        ]
    )
    return f"{_HEAD}\n{blocks}\n\nauthorization {{ users: [\n{entries}\n] }}\n{rest}"


def _rendered(permissions: Permissions) -> str:
    """One `permissions` block."""
    subscribe = f"allow: {_list(permissions.subscribe)}"
    if permissions.hidden:
        subscribe += f"\n    deny: {_list(permissions.hidden)}"
    return f"{{\n  publish: {{ allow: {_list(permissions.publish)} }}\n  subscribe: {{ {subscribe} }}\n}}"


def _list(subjects: Sequence[str]) -> str:
    return "[\n" + "".join(f'    "{subject}"\n' for subject in subjects) + "  ]"
