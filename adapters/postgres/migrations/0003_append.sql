-- How events get in, in one round trip; how readers know where the settled end of the log is; how time becomes a position.

-- 1 guards the order of the log (writers share it, readers take it alone for a moment); 2 hands out blocks of positions.
create function log_lock() returns bigint language sql immutable parallel safe as 'select 7400001::bigint';
create function block_lock() returns bigint language sql immutable parallel safe as 'select 7400002::bigint';

-- Positions of one append stand together: without the second lock two appends would take turns at the sequence.
create function reserve_positions(n bigint) returns bigint language plpgsql as $$
declare first bigint;
begin
    perform pg_advisory_lock(block_lock());
    first := nextval('event_position');
    perform setval('event_position', first + n - 1);
    perform pg_advisory_unlock(block_lock());
    return first;
end $$;

-- The position up to which nothing can appear any more: every writer that took an earlier one has ended.
create function log_head() returns bigint language plpgsql as $$
begin
    perform pg_advisory_xact_lock(log_lock());
    return (select case when is_called then last_value else 0 end from event_position);
end $$;

create function make_mark() returns mark language plpgsql as $$
declare
    made   mark;
    newest mark;
    upto   bigint := log_head();
begin
    select * into newest from mark order by id desc limit 1;
    insert into mark (time, position)
    values (greatest(clock_timestamp(), newest.time), upto)
    returning * into made;
    return made;
end $$;

create type append_outcome as (request integer, status text, first_position bigint, detail text);

-- The keys an append seals with must live when it commits: `uses` are key ids, `keys` the ones it brings.
create function bring_keys(request jsonb) returns void language plpgsql as $$
declare lost text;
begin
    if request ? 'keys' then
        insert into person_key (person, key_id, epoch, wrapped)
        select person, key_id, epoch, decode(wrapped, 'base64')
        from jsonb_to_recordset(request -> 'keys') as k(person uuid, key_id uuid, epoch text, wrapped text)
        order by person
        on conflict (person) do nothing;
    end if;
    if request ? 'uses' then
        select string_agg(used.key_id, ' ') into lost
        from jsonb_array_elements_text(request -> 'uses') as used(key_id)
        -- a subquery for each key keeps to the index, however many people there are
        where (select k.wrapped is not null from person_key k where k.key_id = used.key_id::uuid) is not true;
        if lost is not null then
            raise exception 'a key is not (or no longer) the living key of its person' using errcode = 'PK001', detail = lost;
        end if;
    end if;
end $$;

create function bring_receipts(request jsonb, at_position bigint) returns void language plpgsql as $$
begin
    if request ? 'idempotency' then
        insert into idempotency (key, request_hash, status, response, position, expires_at)
        select key, decode(request_hash, 'hex'), status, response, at_position, expires_at
        from jsonb_to_record(request -> 'idempotency')
            as i(key text, request_hash text, status integer, response jsonb, expires_at timestamptz);
    end if;
    if request ? 'delivery' then
        insert into delivery (source, delivery_id, assurance, action, outcome, reason, position, people, body)
        select source, delivery_id, assurance, action, outcome, reason, at_position, people, decode(body, 'base64')
        from jsonb_to_record(request -> 'delivery')
            as d(source text, delivery_id text, assurance text, action text, outcome text, reason text,
                 people uuid[], body text);
    end if;
    if request ? 'offset' then
        insert into consumer_offset (consumer, offset_id)
        select consumer, offset_id from jsonb_to_record(request -> 'offset') as o(consumer text, offset_id bigint)
        on conflict (consumer) do update set offset_id = excluded.offset_id
            where consumer_offset.offset_id < excluded.offset_id;
        if not found then
            raise exception 'this offset was stored before' using errcode = 'unique_violation', constraint = 'consumer_offset_rises';
        end if;
    end if;
end $$;

create table consumer_offset (consumer text primary key, offset_id bigint not null);

-- All the events of all the requests, in one block, or an error and nothing.
create function append_together(requests jsonb) returns setof append_outcome language plpgsql as $$
declare
    total   bigint;
    base    bigint;
    request record;
begin
    for request in
        select r.doc from jsonb_array_elements(requests) with ordinality r(doc, no)
        where r.doc ?| array['keys', 'uses'] order by r.no
    loop
        perform bring_keys(request.doc);
    end loop;
    select coalesce(sum(jsonb_array_length(doc -> 'events')), 0) into total from jsonb_array_elements(requests) r(doc);
    if total > 0 then
        base := reserve_positions(total) - 1;
        insert into event (position, stream_id, stream_version, event_id, type, occurred_at, occurred_how, actor,
                           causation_id, correlation_id, clear, people, state)
        select base + row_number() over (order by r.no, e.no), e.stream, e.version, e.id, e.type, e.occurred_at,
               e.occurred_how, e.actor, e.causation, e.correlation, e.clear, e.people, decode(e.state, 'base64')
        from jsonb_array_elements(requests) with ordinality r(doc, no),
             rows from (jsonb_to_recordset(r.doc -> 'events') as (
                 stream uuid, version bigint, id uuid, type text, occurred_at timestamptz, occurred_how text, actor text,
                 causation uuid, correlation uuid, clear jsonb, people uuid[], state text)) with ordinality
                 e(stream, version, id, type, occurred_at, occurred_how, actor, causation, correlation, clear, people,
                   state, no)
        order by r.no, e.no;
    end if;
    for request in
        select r.no::integer as no, r.doc,
               base + 1 + sum(jsonb_array_length(r.doc -> 'events')) over (order by r.no)
                   - jsonb_array_length(r.doc -> 'events') as first
        from jsonb_array_elements(requests) with ordinality r(doc, no)
    loop
        if request.doc ?| array['idempotency', 'delivery', 'offset'] then
            perform bring_receipts(request.doc, request.first + jsonb_array_length(request.doc -> 'events') - 1);
        end if;
        return next (request.no - 1, 'appended', request.first, null)::append_outcome;
    end loop;
end $$;

-- One request alone: its error is returned, and stops no other request.
create function append_alone(request jsonb, no integer) returns append_outcome language plpgsql as $$
declare
    outcome append_outcome;
    broken  text;
    lost    text;
begin
    select 0, o.status, o.first_position, o.detail into outcome from append_together(jsonb_build_array(request)) o;
    outcome.request := no;
    return outcome;
exception
    when unique_violation then
        get stacked diagnostics broken = constraint_name;
        return coalesce(already_appended(request, no), (no, 'conflict', null, broken)::append_outcome);
    when sqlstate 'PK001' then
        get stacked diagnostics lost = pg_exception_detail;
        return coalesce(already_appended(request, no), (no, 'keys', null, lost)::append_outcome);
end $$;

-- A retry after a lost acknowledgement finds its own event ids and is answered as the first time.
create function already_appended(request jsonb, no integer) returns append_outcome language sql as $$
    select (no, 'appended', min(e.position), 'before')::append_outcome
    from jsonb_to_recordset(request -> 'events') as asked(stream uuid, version bigint, id uuid)
    left join event e on e.event_id = asked.id and e.stream_id = asked.stream and e.stream_version = asked.version
    having count(*) > 0 and count(*) = count(e.event_id)
$$;

create function append_events(requests jsonb) returns setof append_outcome language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(log_lock());
    begin
        return query select * from append_together(requests);
        return;
    exception when unique_violation or sqlstate 'PK001' then
        -- one request of the group cannot be appended: each goes alone, below
    end;
    return query
        select o.*
        from jsonb_array_elements(requests) with ordinality r(doc, no), append_alone(r.doc, r.no::integer - 1) o
        order by r.no;
end $$;

-- Erasure's core: no append is under way while the key goes, and none may use it after.
create function destroy_person_key(whose uuid) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(log_lock());
    insert into person_key (person, key_id, epoch, wrapped) values (whose, gen_random_uuid(), 'erased', null)
    on conflict (person) do update set wrapped = null;
end $$;
