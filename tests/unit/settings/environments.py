"""An environment every service can work with, and what to put into it to see it refused."""

from chassis.settings import Settings, variables

CANARY = "ZZ-CANARY-ZZ"
GOOD = {
    "NATS_URL": "nats://127.0.0.1:4222",
    "DATABASE_URL": "postgresql://someone:secret@127.0.0.1/suite",
    "PERSEVERANCE_TOKEN_SECRET": "s" * 32,
}
_ANY_TEXT = {"DATABASE_PASSWORD_FILE", "NATS_NKEY_FILE", "NATS_CA_FILE"} | {  # read at each connection, not before
    f"PERSEVERANCE_{name}"
    for name in [
        "HOST",
        "MEMBER",
        "SMTP_HOST",
        "SMTP_USER",
        "SMTP_PASSWORD_FILE",
        "SMTP_HELLO",
        "MAIL_FROM",
        "MAIL_FROM_NAME",
        "MAIL_REPLY_TO",
        "CATCHER_DIR",
        "TOKEN_SECRET",
        "TOKEN_SECRET_FILE",
    ]
}


def fields_that_refuse(settings: type[Settings]) -> list[str]:
    """The variables for which an arbitrary word is no value."""
    return sorted(set(variables(settings)) - _ANY_TEXT)
