-- The answer that is kept under an idempotency key is one document. What is in it, such as an HTTP status, is known to
-- the module that words it, and to nothing below.

update idempotency set response = response || jsonb_build_object('status', status) where not response ? 'erased';
alter table idempotency drop column status;

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
                              fingerprint, told_at, subject, waits_for)
        select source, delivery_id, assurance, action, outcome, reason, at_position, people, decode(body, 'base64'),
               fingerprint, told_at, subject, waits_for
        from jsonb_to_record(request -> 'delivery')
            as d(source text, delivery_id text, assurance text, action text, outcome text, reason text, people uuid[],
                 body text, fingerprint text, told_at timestamptz, subject uuid, waits_for uuid);
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
