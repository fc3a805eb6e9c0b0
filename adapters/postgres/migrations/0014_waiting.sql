-- A delivery is known again by what it says, whatever its id; and one that came before its cause waits for it.

-- fingerprint: a keyed hash of the body without its envelope. told_at: the time that the body gives itself. subject: the
-- stream that it tells of. waits_for: the stream in which its cause will appear. tried_at: when it was last read again.
alter table delivery
    add column fingerprint text,
    add column told_at     timestamptz,
    add column subject     uuid,
    add column waits_for   uuid,
    add column tried_at    timestamptz;
create unique index delivery_fingerprint on delivery (source, fingerprint);
create index delivery_waiting on delivery (waits_for) where outcome = 'waiting';
create index delivery_subject on delivery (subject) where subject is not null;

-- What is emptied with its person no longer waits, and cannot be recognised by its hash either.
create function forget_emptied_delivery() returns trigger language plpgsql as $$
begin
    new.fingerprint := null;
    if new.outcome = 'waiting' then
        new.outcome := 'kept';
        new.reason := 'erased';
        new.waits_for := null;
    end if;
    return new;
end $$;
create trigger delivery_emptied before update of body on delivery
    for each row when (new.body = '' and old.body <> '') execute function forget_emptied_delivery();

-- What became of a delivery that waited; sealed anew where its person is known only now. One that no longer waits was
-- settled by another process, and this append fails.
create function settle_delivery(delivery_now jsonb, at_position bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update delivery old
    set outcome = d.outcome, reason = d.reason, waits_for = d.waits_for, people = d.people,
        body = decode(d.body, 'base64'), tried_at = clock_timestamp(),
        position = case d.outcome when 'waiting' then old.position else at_position end
    from jsonb_to_record(delivery_now)
        as d(source text, delivery_id text, outcome text, reason text, people uuid[], body text, waits_for uuid)
    where old.source = d.source and old.delivery_id = d.delivery_id and old.outcome = 'waiting';
    if not found then
        raise exception 'this delivery no longer waits' using errcode = 'unique_violation', constraint = 'delivery_pkey';
    end if;
end $$;

create or replace function bring_receipts(request jsonb, at_position bigint) returns void language plpgsql as $$
begin
    if request ? 'idempotency' then
        insert into idempotency (key, request_hash, status, response, position, expires_at)
        select key, decode(request_hash, 'hex'), status, response, at_position, expires_at
        from jsonb_to_record(request -> 'idempotency')
            as i(key text, request_hash text, status integer, response jsonb, expires_at timestamptz);
    end if;
    if (request #>> '{delivery,settles}')::boolean then
        perform settle_delivery(request -> 'delivery', at_position);
    elsif request ? 'delivery' then
        insert into delivery (source, delivery_id, assurance, action, outcome, reason, position, people, body,
                              fingerprint, told_at, subject, waits_for)
        select source, delivery_id, assurance, action, outcome, reason, at_position, people, decode(body, 'base64'),
               fingerprint, told_at, subject, waits_for
        from jsonb_to_record(request -> 'delivery')
            as d(source text, delivery_id text, assurance text, action text, outcome text, reason text, people uuid[],
                 body text, fingerprint text, told_at timestamptz, subject uuid, waits_for uuid);
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
