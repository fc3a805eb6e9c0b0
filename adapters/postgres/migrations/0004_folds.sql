-- Which read models stand where, how far each has folded the log, and what each could not fold.

create table read_model (
    schema_name text primary key,
    name        text        not null,
    version     integer     not null,
    zone        text        not null,
    fingerprint jsonb       not null,
    state       text        not null check (state in ('live', 'building')),
    since       timestamptz not null default now()
);

-- The library's tracking table: one row a fold, its id only ever rises.
create table fold_tracking (
    application_name text primary key,
    notification_id  bigint
);
insert into fold_tracking values ('__migration__', 1);

create table parked (
    schema_name text        not null,
    stream_id   uuid        not null,
    position    bigint      not null,
    event_id    uuid        not null,
    type        text        not null,
    error       text        not null,
    parked_at   timestamptz not null default now(),
    primary key (schema_name, stream_id)
);
