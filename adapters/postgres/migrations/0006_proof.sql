-- What proves the log: the leaf index of every event, the Merkle tree in tiles, the checkpoints that were signed.

-- Given later than the position, by the one sequencer: without a gap, in log order.
create table leaf (
    leaf_index bigint primary key,
    position   bigint not null unique
);

-- C2SP tlog-tiles of height 8: `width` hashes (256 at most) of 32 bytes. Only those at the tree's edge ever grow.
create table tile (
    level integer not null,
    index bigint  not null,
    width integer not null check (width between 1 and 256),
    data  bytea   not null check (length(data) = width * 32),
    primary key (level, index)
);
alter table tile alter column data set storage external;  -- hashes cannot be compressed

create table checkpoint (
    size      bigint primary key,
    note      text        not null,
    signed_at timestamptz not null default clock_timestamp()
);

-- The public half of the signing key, so that it can be asked for here. Who trusts it has it from elsewhere too.
create table verifier_key (
    key   text primary key,
    since timestamptz not null default clock_timestamp()
);

create trigger leaf_append_only before update or delete or truncate on leaf
    for each statement execute function refuse_change();
create trigger checkpoint_append_only before update or delete or truncate on checkpoint
    for each statement execute function refuse_change();
create trigger verifier_key_append_only before update or delete or truncate on verifier_key
    for each statement execute function refuse_change();
create trigger tile_stays before delete or truncate on tile
    for each statement execute function refuse_change();
