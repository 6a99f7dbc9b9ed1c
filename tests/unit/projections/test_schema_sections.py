from services.projections.catalogue import READ_MODELS
from services.projections.stores.generations import statements


def test_each_read_model_can_be_made_apart_from_its_own_section_of_the_schema() -> None:
    for model in READ_MODELS:
        made = statements(model.name)
        tables = [each.split()[2] for each in made if each.startswith("CREATE TABLE")]
        guarded = [each.split("'")[1] for each in made if each.startswith("SELECT guard")]
        assert tuple(tables) == model.tables
        assert guarded == tables
        kinds = ("CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX", "SELECT guard", "GRANT")
        assert all(each.startswith(kinds) for each in made)
