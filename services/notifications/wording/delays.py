"""The words of the delays the law gives, by kind and role."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from contracts.delays import DelayKind
from contracts.directory import Role
from services.notifications.facts import DelayApproaching, DelayReached, OfDelay
from services.notifications.wording.common import SCHOOLS, Wording
from services.notifications.wording.french import day_in_french, days_in_french, spaced


class Kind(NamedTuple):
    """What e-mails say of one kind of delay; `{who}`, `{since}` and `{until}` are filled in.

    `name`, and `starts`: what begins it, are those of the pages, where its reader looks for them. `begun`: the same as
    a sentence; `asks` for what, until when; `missed`: that it was not done; `law`, and its `source`.
    """

    name: str
    starts: str
    who: str
    begun: str
    asks: str
    missed: str
    law: str
    source: str


class Steps(NamedTuple):
    """What can be done before the last day, and after it; `why` its reader is told."""

    before: str
    after: str
    why: str = "Les délais de ce type, quand ils approchent ou sont dépassés, sont signalés à cette fonction."


KINDS: Mapping[str, Kind] = {
    DelayKind.RETURN_INTERVIEW: Kind(
        name="Entretien de droit au retour en formation",
        starts="Demande reçue",
        who="Un jeune",
        begun="{who} a demandé à reprendre une formation ; sa demande a été reçue le {since}.",
        asks="L’entretien doit avoir lieu au plus tard le {until}.",
        missed="L’entretien devait avoir lieu au plus tard le {until} ; il n’est pas noté dans le dossier.",
        law="Un jeune sorti de formation sans diplôme, ou sans qualification professionnelle, peut demander à y "
        "revenir. Il est reçu en entretien, dans un délai qui court à partir de la réception de sa demande.",
        source="Code de l’éducation, articles D. 122-3-3 et D. 122-3-7.",
    ),
    DelayKind.APPRENTICE_WITHOUT_CONTRACT: Kind(
        name="Apprenti sans contrat",
        starts="Cycle de formation commencé",
        who="Un apprenti",
        begun="{who} est en formation sans contrat d’apprentissage depuis le {since}.",
        asks="Sans employeur, il peut rester en formation au CFA jusqu’au {until}.",
        missed="Sans employeur, il pouvait rester en formation au CFA jusqu’au {until} ; aucun contrat n’est noté dans "
        "le dossier.",
        law="Un jeune peut commencer sa formation en CFA sans avoir été engagé par un employeur, pour une durée "
        "limitée ; le CFA l’aide à trouver cet employeur.",
        source="Code du travail, article L. 6222-12-1.",
    ),
    DelayKind.APPRENTICE_AFTER_RUPTURE: Kind(
        name="Apprenti après une rupture de contrat",
        starts="Contrat rompu",
        who="Un apprenti",
        begun="{who} n’a plus de contrat d’apprentissage : le sien a été rompu le {since}.",
        asks="Le CFA peut le garder en formation jusqu’au {until}.",
        missed="Le CFA pouvait le garder en formation jusqu’au {until} ; aucun nouveau contrat n’est noté dans le "
        "dossier.",
        law="Après la rupture de son contrat, l’apprenti peut poursuivre sa formation théorique au CFA pendant une "
        "durée limitée ; le CFA l’aide à trouver un nouvel employeur.",
        source="Code du travail, article L. 6225-3-1.",
    ),
    DelayKind.OF_SUMMONS: Kind(
        name="Obligation de formation : convocation sans suite",
        starts="Convocation envoyée",
        who="Un jeune",
        begun="{who} a été convoqué par la mission locale le {since}, au titre de l’obligation de formation.",
        asks="Sans solution d’ici là, sa situation doit être transmise à la présidence du conseil départemental, au "
        "plus tard le {until}.",
        missed="Faute de solution, sa situation devait être transmise à la présidence du conseil départemental, au "
        "plus tard le {until} ; rien n’est noté à ce sujet dans le dossier.",
        law="De 16 à 18 ans, tout jeune doit être en formation, en emploi, en service civique ou accompagné. Quand, "
        "malgré une convocation, ce n’est pas le cas, la mission locale transmet sa situation à la présidence du "
        "conseil départemental.",
        source="Code de l’éducation, articles L. 114-1 et R. 114-7.",
    ),
}
_NOTE_IT = "notez-le dans le dossier : le délai sera clos."
_TELL_IT = "dites-le à l’établissement, qui le notera dans le dossier."
_NO_PARTNER = (
    "Faute de partenaire connu pour l’établissement, les délais de ce type, quand ils approchent ou sont dépassés, "
    "sont signalés à cette fonction."
)
_NO_CIO = (
    "C’est d’habitude au CIO et à la MLDS que ce rappel est adressé, mais l’annuaire n’y indique personne pour votre "
    "établissement : c’est pourquoi vous le recevez."
)
_ADD_CIO = (
    "La personne qui tient l’annuaire de l’académie peut y ajouter le CIO et la MLDS : les prochains rappels leur "
    "parviendront directement."
)
_NO_MISSION_LOCALE = (
    "C’est d’habitude à la mission locale, au CIO et à la MLDS que ce rappel est adressé, mais l’annuaire n’y indique "
    "personne pour votre établissement : c’est pourquoi vous le recevez."
)
_ADD_MISSION_LOCALE = (
    "La personne qui tient l’annuaire de l’académie peut y ajouter la mission locale, le CIO et la MLDS : les "
    "prochains rappels leur parviendront directement."
)
_APPRENTICE: Mapping[str, Steps] = {
    Role.CFA: Steps(
        f"Si un contrat est signé, {_TELL_IT} Sinon, faites le point avec l’apprenti sur sa recherche, et préparez la "
        "suite avec lui et la mission locale pour qu’il ne se retrouve pas sans solution.",
        f"Si un contrat a été signé, ou si l’apprenti a une autre solution, {_TELL_IT} Sinon, convenez avec lui et la "
        "mission locale de ce qui peut prendre le relais, sans attendre.",
    ),
    Role.CHEF_ETAB: Steps(
        f"Si un contrat est signé, {_NOTE_IT} Sinon, c’est le moment de voir avec l’apprenti, sa famille et le CFA ce "
        "qui est possible : un employeur en vue, un retour sous statut scolaire, un relais avec la mission locale.",
        f"Si un contrat a été signé, ou si l’apprenti a une autre solution, {_NOTE_IT} Sinon, proposez-lui un "
        "entretien, avec sa famille, pour chercher une solution : retour sous statut scolaire, relais avec la mission "
        "locale…",
    ),
    Role.COORD_MLDS: Steps(
        f"Si un contrat est signé, {_NOTE_IT} Sinon, voyez avec l’établissement et le CFA où en est sa recherche : "
        "vous pouvez aider l’apprenti à trouver un employeur, ou préparer avec lui la suite, par exemple un retour "
        "sous statut scolaire ou un relais avec la mission locale.",
        f"Si un contrat a été signé, ou si l’apprenti a une autre solution, {_NOTE_IT} Sinon, convenez avec "
        "l’établissement et le CFA de qui le rencontre dans les prochains jours : un retour sous statut scolaire ou un "
        "relais avec la mission locale peut encore lui être proposé.",
    ),
    Role.MISSION_LOCALE: Steps(
        "Prenez contact avec l’établissement ou le CFA : vous pouvez aider l’apprenti à trouver un employeur, ou "
        "préparer le relais avant cette date s’il n’en trouve pas.",
        "Prenez contact avec l’établissement ou le CFA pour savoir où en est l’apprenti. S’il n’a pas de solution, un "
        "premier rendez-vous proposé sans attendre évite que le lien se perde.",
    ),
}
STEPS: Mapping[tuple[str, str], Steps] = {
    (DelayKind.RETURN_INTERVIEW, Role.DCIO): Steps(
        "Si la date de l’entretien est fixée, il suffira de noter dans le dossier qu’il a eu lieu. Sinon, c’est le "
        "moment de la proposer au jeune et, s’il est mineur, à ses représentants légaux.",
        f"Si l’entretien a eu lieu, ou si la demande n’a plus d’objet, {_NOTE_IT} Sinon, proposez un rendez-vous sans "
        "attendre : après une demande restée sans réponse, un jeune revient rarement de lui-même.",
    ),
    (DelayKind.RETURN_INTERVIEW, Role.COORD_MLDS): Steps(
        "Voyez avec le CIO si la date de l’entretien est fixée ; il suffira de noter dans le dossier qu’il a eu lieu. "
        "C’est aussi le moment de chercher ensemble ce qui pourra être proposé au jeune : une place en formation, un "
        "accompagnement de la MLDS, un relais avec la mission locale.",
        f"Si l’entretien a eu lieu, ou si la demande n’a plus d’objet, {_NOTE_IT} Sinon, convenez avec le CIO de qui "
        "appelle le jeune, sans attendre : un rendez-vous proposé maintenant lui montre que sa demande compte.",
    ),
    (DelayKind.RETURN_INTERVIEW, Role.CHEF_ETAB): Steps(
        f"{_NO_CIO} Si la date de l’entretien est fixée, il suffira de noter dans le dossier qu’il a eu lieu. Sinon, "
        "prenez contact avec le CIO de votre secteur, pour qu’un rendez-vous soit proposé au jeune avant cette date "
        f"et, s’il est mineur, à ses représentants légaux. {_ADD_CIO}",
        f"{_NO_CIO} Si l’entretien a eu lieu, ou si la demande n’a plus d’objet, {_NOTE_IT} Sinon, prenez contact sans "
        "attendre avec le CIO de votre secteur, pour qu’un rendez-vous soit proposé au jeune : après une demande "
        f"restée sans réponse, il est rare de revenir de soi-même. {_ADD_CIO}",
        _NO_PARTNER,
    ),
    **{
        (kind, role): steps
        for kind in (DelayKind.APPRENTICE_WITHOUT_CONTRACT, DelayKind.APPRENTICE_AFTER_RUPTURE)
        for role, steps in _APPRENTICE.items()
    },
    (DelayKind.OF_SUMMONS, Role.MISSION_LOCALE): Steps(
        f"Si le jeune a trouvé une solution, {_NOTE_IT} Sinon, il est encore temps de renouer avec lui et ses "
        "représentants légaux, et de préparer la transmission si rien ne change.",
        f"Si le jeune a trouvé une solution, ou si sa situation a été transmise, {_NOTE_IT} Sinon, elle est à "
        "transmettre maintenant.",
    ),
    (DelayKind.OF_SUMMONS, Role.DCIO): Steps(
        "Si vous avez des nouvelles du jeune, ou une solution à lui proposer avec la plateforme de suivi et d’appui "
        "aux décrocheurs (PSAD), dites-le à la mission locale avant cette date.",
        "Voyez avec la mission locale où en est la situation du jeune, et si la plateforme de suivi et d’appui aux "
        "décrocheurs (PSAD) peut encore lui proposer une solution.",
    ),
    (DelayKind.OF_SUMMONS, Role.COORD_MLDS): Steps(
        f"Si le jeune a trouvé une solution, {_NOTE_IT} Sinon, dites à la mission locale ce que vous savez de lui et "
        "ce que la MLDS peut lui proposer : une solution trouvée avant cette date évite la transmission.",
        f"Si le jeune a trouvé une solution, ou si sa situation a été transmise, {_NOTE_IT} Sinon, voyez avec la "
        "mission locale où en est la transmission, et ce que la MLDS peut encore proposer au jeune.",
    ),
    (DelayKind.OF_SUMMONS, Role.CHEF_ETAB): Steps(
        f"{_NO_MISSION_LOCALE} Si le jeune a trouvé une solution, {_NOTE_IT} Sinon, prenez contact avec la mission "
        "locale de votre secteur, qui l’a convoqué : il est encore temps de lui proposer une solution, et de préparer "
        f"la transmission si rien ne change. {_ADD_MISSION_LOCALE}",
        f"{_NO_MISSION_LOCALE} Si le jeune a trouvé une solution, ou si sa situation a été transmise, {_NOTE_IT} "
        "Sinon, prenez contact sans attendre avec la mission locale de votre secteur : c’est à elle de transmettre la "
        f"situation. {_ADD_MISSION_LOCALE}",
        _NO_PARTNER,
    ),
}


def wording(fact: OfDelay, role: str, day: date) -> Wording:
    """What the e-mail about a delay, written on `day`, says to somebody in `role`."""
    kind, steps = KINDS[fact.kind], STEPS[fact.kind, role]
    since, until = day_in_french(fact.since), day_in_french(fact.until)
    filled = {"who": f"{kind.who} {SCHOOLS[role]}", "since": since, "until": until}
    name = spaced(kind.name)
    details = [("Objet", name), (kind.starts, since), ("Dernier jour", until)]
    match fact:
        case DelayApproaching():
            left = (fact.until - day).days
            details.append(("Temps restant", days_in_french(left) if left else "c’est le dernier jour"))
            headline, then, step = f"{name}, {_left(left)}", kind.asks, steps.before
        case DelayReached():
            headline, then, step = f"{name}, délai dépassé", kind.missed, steps.after
    return Wording(
        headline=headline,
        details=details,
        next_step=step,
        why=steps.why,
        path="delais",
        thread="delay",
        words={
            "begun": kind.begun.format(**filled),
            "then": then.format(**filled),
            "law": kind.law,
            "source": kind.source,
        },
    )


def _left(left: int) -> str:
    return f"encore {days_in_french(left)}" if left else "dernier jour"
