-- What the tests' handlers do. No key on purpose: a message handled twice must show.
CREATE TABLE IF NOT EXISTS effects (
    place     bigint GENERATED ALWAYS AS IDENTITY,
    key       text NOT NULL,
    number    integer NOT NULL,
    partition integer NOT NULL
);
