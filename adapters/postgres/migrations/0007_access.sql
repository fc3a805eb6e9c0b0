-- API keys: who may ask, as what. A secret is never here, only the SHA-256 of one.

create table api_key (
    id text primary key check (id ~ '^[0-9a-f]{12}$'),
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    name text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    roles text[] not null check (cardinality(roles) > 0),
    source text,
    scopes text[],
    made_at timestamptz not null,
    made_by text not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    check ((source is not null) = ('integration' = any (roles))),
    check ((revoked_at is null) = (revoked_by is null))
);

-- What a key was made as, it stays; and once revoked, it stays revoked.
create function api_key_stays() returns trigger language plpgsql as $$
begin
    if old.revoked_at is not null
        or (to_jsonb(new) - 'revoked_at' - 'revoked_by') <> (to_jsonb(old) - 'revoked_at' - 'revoked_by') then
        raise exception 'an API key can only be revoked, and only once';
    end if;
    return new;
end $$;
create trigger api_key_stays before update on api_key for each row execute function api_key_stays();
