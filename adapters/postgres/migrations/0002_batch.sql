-- The relation that every fold, export and later reader takes: the events of positions after < p <= upto, upcast.

create function batch(after bigint, upto bigint)
returns table (
    "position" bigint, stream_id uuid, stream_version bigint, event_id uuid, type text,
    at timestamptz, occurred_at timestamptz, occurred_how text, recorded_at timestamptz,
    actor text, causation_id uuid, correlation_id uuid, clear jsonb, people uuid[], state bytea,
    kind text, message uuid
) language sql stable parallel safe as $$
    select e.position, e.stream_id, e.stream_version, e.event_id, e.type,
           coalesce(e.occurred_at, e.recorded_at), e.occurred_at, e.occurred_how, e.recorded_at,
           e.actor, e.causation_id, e.correlation_id, e.clear, e.people, e.state,
           e.kind, e.message
    from event e
    where e.position > $1 and e.position <= $2
$$;
