-- The country of phone numbers that name none: it is part of the form of an address, so it is fixed with the log.

-- Null: such a number stays national, as it was before this migration.
alter table log add column phone_region text check (phone_region ~ '^[A-Z]{2}$');
