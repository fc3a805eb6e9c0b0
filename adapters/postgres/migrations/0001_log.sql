-- The event log: one row an event, never changed; its order, its marks in time, its keys and its receipts.

create table log (
    only_row   boolean primary key default true check (only_row),
    origin     text    not null,
    format     integer not null default 1,
    synthetic  boolean not null default false,
    keys       text  -- which key file this log's personal data is sealed with, by a keyed hash of it
);

create sequence event_position as bigint cache 1;

create table event (
    position       bigint      not null,
    stream_id      uuid        not null,
    stream_version bigint      not null,
    event_id       uuid        not null,
    type           text        not null,
    occurred_at    timestamptz,
    occurred_how   text        not null default 'unknown',
    recorded_at    timestamptz not null default clock_timestamp(),
    actor          text        not null default 'system',
    causation_id   uuid,
    correlation_id uuid,
    clear          jsonb       not null default '{}',
    people         uuid[]      not null default '{}',
    state          bytea       not null,
    kind           text generated always as (clear ->> 'kind') stored,
    message        uuid generated always as ((clear ->> 'message')::uuid) stored,
    constraint event_stream_version primary key (stream_id, stream_version)
) with (autovacuum_analyze_scale_factor = 0.02);

create unique index event_position_key on event (position);
create unique index event_id_key on event (event_id);
create index event_type_position on event (type, position);
create index event_stream_type on event (stream_id, type, stream_version);
-- An event about another person than its stream: rare, and looked up by the person it names.
create index event_people on event using gin (people)
    where cardinality(people) > 1 or people[1] is distinct from stream_id;

-- (time, position): every event up to `position` was recorded by `time`. Neither ever falls.
create table mark (
    id       bigint generated always as identity primary key,
    time     timestamptz not null,
    position bigint      not null
);
create index mark_time on mark (time, id);
create index mark_position on mark (position, id);

-- One living data key a person, wrapped by a key-encryption key that stands outside the database.
-- `wrapped` null: the person was erased and never gets another.
create table person_key (
    person  uuid primary key,
    key_id  uuid not null unique,
    epoch   text not null,
    wrapped bytea
);

create table idempotency (
    key          text primary key,
    request_hash bytea       not null,
    status       integer     not null,
    response     jsonb       not null,
    position     bigint,
    expires_at   timestamptz not null
);
create index idempotency_expiry on idempotency (expires_at);

-- What an outside system sent us, kept whole: sealed for the person (or the stream) it is about.
create table delivery (
    source      text        not null,
    delivery_id text        not null,
    received_at timestamptz not null default clock_timestamp(),
    assurance   text        not null,
    action      text        not null,
    outcome     text        not null,
    reason      text,
    position    bigint,
    people      uuid[]      not null,
    body        bytea       not null,
    primary key (source, delivery_id)
);
create index delivery_people on delivery using gin (people);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the log is append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'insufficient_privilege',
              hint = 'record a new event that corrects the old one';
end $$;

create trigger event_append_only before update or delete or truncate on event
    for each statement execute function refuse_change();
create trigger mark_append_only before update or delete or truncate on mark
    for each statement execute function refuse_change();
create trigger log_append_only before delete or truncate on log
    for each statement execute function refuse_change();
