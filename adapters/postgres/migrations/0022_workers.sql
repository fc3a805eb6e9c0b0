-- How each running background worker does, as its process reports it every few seconds. A row that is no longer renewed
-- is of a process that was killed.
create table worker (
    name          text not null,
    instance      uuid not null,
    place         text not null,
    started_at    timestamptz not null,
    seen_at       timestamptz not null default clock_timestamp(),
    restarts      integer not null,
    failing       boolean not null,
    last_error    text,
    last_error_at timestamptz,
    primary key (name, instance)
);
