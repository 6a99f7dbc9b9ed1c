"""The tables of the FastStream peer."""

TABLES = """
CREATE TABLE half_days (
    student_id uuid, day date, period text, justified boolean, PRIMARY KEY (student_id, day, period)
);
CREATE TABLE months (
    student_id uuid, month text, unjustified int, PRIMARY KEY (student_id, month)
);
CREATE TABLE alerts (
    student_id uuid, month text, level int, half_days int, PRIMARY KEY (student_id, month, level)
);
"""
