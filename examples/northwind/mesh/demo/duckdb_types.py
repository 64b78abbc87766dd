"""The DuckDB type in which a value of each logical type lands."""

LANDING_TYPES = {
    "string": "varchar",
    "integer": "bigint",
    "number": "decimal(38, 9)",
    "date": "date",
    "timestamp": "timestamptz",
    "boolean": "boolean",
}
