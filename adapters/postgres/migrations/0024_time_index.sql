-- The table of (time, position) pairs is called what it is: an index from times to positions.
alter table mark rename to time_index;
alter index mark_pkey rename to time_index_pkey;
alter index mark_time rename to time_index_time;
alter index mark_position rename to time_index_position;
alter sequence mark_id_seq rename to time_index_id_seq;
alter trigger mark_append_only on time_index rename to time_index_append_only;

drop function make_mark();
create function make_time_index_entry() returns time_index language plpgsql as $$
declare
    made   time_index;
    newest time_index;
    upto   bigint := log_head();
begin
    select * into newest from time_index order by id desc limit 1;
    insert into time_index (time, position)
    values (greatest(clock_timestamp(), newest.time), upto)
    returning * into made;
    return made;
end $$;
