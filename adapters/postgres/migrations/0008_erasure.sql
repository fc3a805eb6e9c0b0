-- What an erasure may take away. The service itself may delete none of it: it asks these functions, which are the owner's,
-- and they check in the log first that the erasure of that person was requested.

create function require_erasure_request(whose uuid) returns void language plpgsql as $$
begin
    if not exists (select from event where stream_id = whose and type = 'erasure-requested.v1') then
        raise exception 'no erasure of the person % was requested', whose
            using errcode = 'insufficient_privilege', hint = 'record the request first';
    end if;
end $$;

-- Whether there was a living key to destroy. A person without a key gets none any more.
create function erase_key(whose uuid) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    stored  record;
    unknown boolean;
begin
    perform require_erasure_request(whose);
    select wrapped is not null as lives into stored from person_key where person = whose;
    unknown := not found;
    if unknown or stored.lives then
        perform destroy_person_key(whose);
    end if;
    return not unknown and stored.lives;
end $$;

-- How many deliveries about the person were kept with what was in them.
create function erase_deliveries(whose uuid) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare emptied bigint;
begin
    perform require_erasure_request(whose);
    update delivery set body = '', reason = case outcome when 'kept' then 'erased' else reason end
    where people @> array[whose] and body <> '';
    get diagnostics emptied = row_count;
    return emptied;
end $$;

-- How many searches that showed the person still told what was typed: each is sealed under a key of its own.
create function erase_searches(whose uuid) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    search uuid;
    n      bigint := 0;
begin
    perform require_erasure_request(whose);
    for search in
        select e.stream_id from event e join person_key k on k.person = e.stream_id
        where e.type = 'people-searched.v1' and e.clear -> 'people' ? whose::text and k.wrapped is not null
    loop
        perform destroy_person_key(search);
        n := n + 1;
    end loop;
    return n;
end $$;

revoke execute on function erase_key(uuid), erase_deliveries(uuid), erase_searches(uuid) from public;

-- Who was shown or taken out with whom; the access events are few beside all others, and no other event is in here.
create index event_people_shown on event using gin ((clear -> 'people'))
    where type in ('people-searched.v1', 'people-exported.v1');
