-- Which epoch of the key file people's keys are wrapped with now, and what became of those before it.

-- `retiring`: living keys are being wrapped anew. `destroyed`: its key is in no key file of ours any more.
-- `swept_at`: the directory and the write-ahead log were made anew after that, so no file holds what it had opened.
create table key_epoch (
    name         text primary key,
    made_at      timestamptz not null default clock_timestamp(),
    state        text not null check (state in ('current', 'retiring', 'destroyed')),
    destroyed_at timestamptz,
    swept_at     timestamptz,
    check ((state = 'destroyed') = (destroyed_at is not null))
);
create unique index key_epoch_current on key_epoch (state) where state = 'current';

-- Until now every key file had the one epoch with which it was made, and nothing was ever rotated.
insert into key_epoch (name, made_at, state)
values ('1', coalesce((select min(applied_at) from migration), clock_timestamp()), 'current');

-- Nothing new is wrapped with an epoch that is about to be destroyed: a process that still would must read the key file again.
-- Appends share the log's lock and a rotation takes it alone, so none can slip through between.
create function refuse_former_epochs() returns trigger language plpgsql as $$
declare former text;
begin
    select string_agg(brought.key_id::text, ' ') into former
    from brought where wrapped is not null
        and epoch is distinct from (select e.name from key_epoch e where e.state = 'current');
    if former is not null then
        raise exception 'a key is wrapped with an epoch that is not the current one' using errcode = 'PK001', detail = former;
    end if;
    return null;
end $$;

create trigger person_key_of_current_epoch after insert on person_key
    referencing new table as brought for each statement execute function refuse_former_epochs();
