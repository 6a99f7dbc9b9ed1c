"""Words that ids are made of: that a pupil bears one as a name does not make an id tell who it is.

In lower case, without accents. Only what senders write of themselves, of the event or of its day; no product
whose name is also a surname.
"""

_WORDS = """
lundi mardi mercredi jeudi vendredi samedi dimanche
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
janv fev fevr avr juil sept oct nov dec
monday tuesday wednesday thursday friday saturday sunday
january february march april may june july august september october november december
matin matinee apres midi apresmidi aprem soir morning afternoon
jour journee demi demijournee semaine mois trimestre semestre periode annee date heure
vie scolaire viescolaire ecole college lycee etablissement classe eleve eleves
pronote ecoledirecte skolengo siecle sconet onde ent
absence absences absent abs retard appel motif justifie justifiee justification justificatif annule annulee
annulation inscription inscrit depart radiation entree sortie rentree
export exports import imports fichier ligne lot envoi evenement evenements numero num
reported justified cancelled report student students pupil pupils enrolled enrolment left school
event events row batch urn http https www api
test tests essai essais demo exemple exemples example sample
"""
ORDINARY_WORDS = frozenset(_WORDS.split())
