-- A request that must get in locks the streams it is about: meanwhile no other session appends to them.

-- Streams share 256 locks, so that a transaction of thousands of streams needs no more than these.
create function stream_lock(stream uuid) returns bigint language sql immutable parallel safe as
    'select 7400256::bigint + (hashtextextended($1::text, 0) & 255)';

-- Taken at once or not at all: an append never waits here. A session that holds the lock itself passes.
create function require_unlocked_stream() returns trigger language plpgsql as $$
begin
    if not pg_try_advisory_xact_lock_shared(stream_lock(new.stream_id)) then
        raise exception 'another request goes first' using errcode = 'unique_violation', constraint = 'stream_is_locked';
    end if;
    return new;
end $$;
create trigger event_stream_unlocked before insert on event
    for each row execute function require_unlocked_stream();
