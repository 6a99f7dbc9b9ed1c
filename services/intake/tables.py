"""What intake has in the database: the register, the ledger, senders and refusals."""

from pathlib import Path

from chassis.revisions import Schema

SCHEMA = Schema("intake", Path(__file__).with_name("migrations"))
