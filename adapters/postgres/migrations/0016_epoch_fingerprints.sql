-- Which key each epoch of the key file is: a keyed hash that tells keys apart and reveals nothing of them.

-- Null for an epoch that was made before; the next `migrate` or start fills it in from the key file that opens its keys.
alter table key_epoch add column fingerprint text;
-- One key is one epoch: also an epoch that was destroyed never comes back under another name.
create unique index key_epoch_fingerprint on key_epoch (fingerprint);

create function refuse_another_fingerprint() returns trigger language plpgsql as $$
begin
    raise exception 'epoch % has another key: what the log notes of a key never changes', old.name
        using errcode = 'insufficient_privilege';
end $$;

create trigger key_epoch_keeps_its_fingerprint before update on key_epoch
    for each row when (old.fingerprint is not null and new.fingerprint is distinct from old.fingerprint)
    execute function refuse_another_fingerprint();
