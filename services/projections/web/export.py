"""The list of alerts as a file that a French spreadsheet opens as it is."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date

from fastapi import APIRouter, Request, Response

from chassis.clock import PARIS, today
from chassis.logs import Log
from services.projections.reading import alerts
from services.projections.reading.readings import Row
from services.projections.web import words
from services.projections.web.access import PageOfPupils
from services.projections.web.asking import Asked
from services.projections.web.site import TheSite

log = Log("web")
router = APIRouter(include_in_schema=False)
_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_READ_AS_ANOTHER = re.compile(r"\d+[eE][+-]?\d+|\d{1,2}[-/.]\d{1,2}", re.ASCII)
_HEADER = (
    "nom", "prenom", "ine", "classe", "uai", "etablissement", "niveau", "mois", "demi_journees", "atteint_le", "etat",
    "dernier_geste", "geste_par", "geste_le",
)  # fmt: skip


@router.get("/alertes.csv")
def export(site: TheSite, request: Request, visitor: PageOfPupils) -> Response:
    """The alerts that the page of the same filters lists, all pages in one."""
    asked, names = Asked.of(request, site.searches), site.names
    with site.readings.of_pupils(visitor.scope) as reading:
        rows = [
            _line(row, names.school(row["uai"]), names.person(row["act_by"]))
            for row in alerts.each(reading, asked.alerts(), asked.sort)
        ]
    log.info("alerts.exported", actor=visitor.actor_id, rows=len(rows))
    return spreadsheet("alertes", today(site.clock), _HEADER, rows)


def spreadsheet(name: str, day: date, header: Sequence[str], lines: Iterable[Sequence[str]]) -> Response:
    """A file of these lines, named after what it lists and the day; no cell of it is taken for something else."""
    out = io.StringIO()
    out.write(_BOM)
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(value) for value in line] for line in lines)
    headers = {"Content-Disposition": f'attachment; filename="{name}-{day.isoformat()}.csv"'}
    return Response(out.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


def _line(row: Row, school: str, person: str) -> list[str]:
    return [
        row["last_name"] or "",
        row["first_name"] or "",
        row["ine"] or "",
        row["class_name"] or "",
        row["uai"],
        school,
        str(row["level"]),
        words.month(row["month"]),
        str(row["half_days"]),
        row["reached_on"].strftime("%d/%m/%Y"),
        words.STATES[row["state"]],
        words.act(row["act"]),
        person,
        row["act_at"].astimezone(PARIS).strftime("%d/%m/%Y") if row["act_at"] else "",
    ]


def _harmless(value: str) -> str:
    # A spreadsheet runs what begins like a formula, and makes a number of the class 6e1 (6,00E+01), a day of 3-1: once
    # saved, the name is lost. An apostrophe makes text of them in Excel and in LibreOffice; ="6e1" would hide itself
    # better, but it is a formula, which a careful spreadsheet does not evaluate.
    return f"'{value}" if value.startswith(_FORMULA) or _READ_AS_ANOTHER.fullmatch(value) else value
