-- A delivery that only names what changed is kept at once, and what it names is fetched afterwards. A secret that a
-- vendor hands over at run time is kept sealed.

-- fetch_after: from when on a worker may fetch; null: there is nothing to fetch. fetch_tries: how often one has begun.
alter table delivery
    add column fetch_after timestamptz,
    add column fetch_tries integer not null default 0;
create index delivery_to_fetch on delivery (fetch_after) where outcome = 'waiting' and fetch_after is not null;

-- A handshake is open until closes_at; sealed: the secret that it brought, null until then.
create table learned_secret (
    source     text        primary key,
    closes_at  timestamptz not null,
    sealed     bytea,
    learned_at timestamptz
);

-- What was fetched joins the delivery, sealed for the person that it names. An emptied delivery stays empty.
create function keep_fetched_delivery(source_now text, id_now text, people_now uuid[], body_now bytea) returns boolean
language sql security definer set search_path = public, pg_temp as $$
    with kept as (
        update delivery set body = body_now, people = people_now
        where source = source_now and delivery_id = id_now and outcome = 'waiting' and body <> '' returning 1)
    select exists (select from kept)
$$;

create or replace function bring_receipts(request jsonb, at_position bigint) returns void language plpgsql as $$
begin
    if request ? 'idempotency' then
        insert into idempotency (key, request_hash, response, position, expires_at)
        select key, decode(request_hash, 'hex'), response, at_position, expires_at
        from jsonb_to_record(request -> 'idempotency')
            as i(key text, request_hash text, response jsonb, expires_at timestamptz);
    end if;
    if (request #>> '{delivery,settles}')::boolean then
        perform settle_delivery(request -> 'delivery', at_position);
    elsif request ? 'delivery' then
        insert into delivery (source, delivery_id, assurance, action, outcome, reason, position, people, body,
                              fingerprint, told_at, subject, waits_for, fetch_after)
        select source, delivery_id, assurance, action, outcome, reason, at_position, people, decode(body, 'base64'),
               fingerprint, told_at, subject, waits_for, case when is_thin then clock_timestamp() end
        from jsonb_to_record(request -> 'delivery')
            as d(source text, delivery_id text, assurance text, action text, outcome text, reason text, people uuid[],
                 body text, fingerprint text, told_at timestamptz, subject uuid, waits_for uuid,
                 is_thin boolean);
    end if;
    if request ? 'delivery' then
        perform add_delivery_statements(request -> 'delivery');
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
