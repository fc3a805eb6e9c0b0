"""What became of every opening and every job, by each way of counting time to fill; holds and closings included."""

from __future__ import annotations

from domain.application import (
    ApplicationSubmitted,
    ApplicationTransferred,
    CandidateHired,
    CandidateUnhired,
    ProspectAdded,
)
from domain.requisition import (
    OF_ITS_JOB,
    OpeningCancelled,
    OpeningDateCorrected,
    OpeningFilled,
    OpeningOpened,
    OpeningReopened,
    RequisitionClosed,
    RequisitionDateCorrected,
    RequisitionHeld,
    RequisitionOpened,
    RequisitionReopened,
    RequisitionResumed,
)
from projections import reversals, tally
from projections.read_model import ReadModel

# fact: 'p' job posted, 'o' opening opened, 'f' filled, 'x' cancelled, 'r' reopened for the same need, 'n' for a new
# one, 'h' a hire for the job (or for none), 'u' that undone. A fact holds from `position` until `until`, when
# another takes it back: 'r' an end of its spell, 'u' a hire of its application; a corrected date takes back a 'p' or an
# 'o', and keeps another in its place. `taker` is the application whose hire a fill is: an 'r' by which that hire is
# undone takes that fill back. `spell` is the position of the 'n' that began the time in which the opening was open, 0
# for its first; `begun` the day on which a hire's application for the job began.
TABLES = (
    tally.tables_of_jobs("openings")
    + """
create table openings.fact (
    requisition uuid,
    opening     uuid,
    application uuid,
    position    bigint      not null,
    spell       bigint      not null,
    until       bigint,
    at          timestamptz not null,
    day         date        not null,
    accepted    date,
    taker       uuid,
    begun       date,
    evergreen   boolean,
    follows     boolean,
    fact        "char"  not null
);
create index on openings.fact (requisition);
create index on openings.fact (opening);
create index on openings.fact (requisition) where until is not null;
create index on openings.fact (requisition, day) where fact in ('p', 'o', 'r', 'n');
create index on openings.fact (application, position) where fact = 'h';
create index on openings.fact (opening, spell, position) where until is null and fact in ('f', 'x');
create table openings.renewal (
    opening  uuid   not null,
    position bigint not null,
    primary key (opening, position)
);
create table openings.hold (
    requisition uuid        not null,
    position    bigint      not null,
    at          timestamptz not null,
    day         date        not null,
    held        boolean     not null
);
create index on openings.hold (requisition);
create table openings.closing (
    requisition uuid        not null,
    position    bigint      not null,
    at          timestamptz not null,
    day         date        not null,
    closed      boolean     not null
);
create index on openings.closing (requisition);
create table openings.beginning (
    application uuid   not null,
    requisition uuid,
    position    bigint not null,
    day         date   not null
);
create index on openings.beginning (application);
create table openings.dating (
    requisition uuid        not null,
    opening     uuid,
    position    bigint      not null,
    at          timestamptz not null,
    day         date        not null
);
create index on openings.dating (requisition);
"""
)

_BOTH = {
    "posted": "date", "first": "date", "hiring": "text", "hired": "date", "completion": "text", "completed": "date",
}  # fmt: skip
_BOTH_SIDES = ", ".join(f"{column}0 {kind}, {column} {kind}" for column, kind in _BOTH.items())

# What a batch tells (`fact` as above, 't' and 'g' for a hold and its end, 'c' and 'd' for a closing and its end, 'q'
# for a corrected date of a job and 'm' of an opening), of which jobs, and how a job stands after each event that tells
# of it, and stood before it (..0).
WORKING = {
    "openings_told": "requisition uuid, opening uuid, application uuid, spell bigint, position bigint,"
    ' at timestamptz, day date, fact "char"',
    "openings_jobs": "requisition uuid, mended boolean, held boolean",
    "openings_stood": "requisition uuid, application uuid, position bigint, day date,"
    f' fact "char", evergreen boolean, {_BOTH_SIDES}',
}

_FACT = """
select {requisition} as requisition, {opening} as opening, {application} as application, position, at,
       (at at time zone {{zone}})::date as day, {accepted}::date as accepted, {taker} as taker,
       {evergreen}::boolean as evergreen, {follows}::boolean as follows, {fact}::"char" as fact
from batch where {{this}}
"""


def _fact(
    fact: str,
    requisition: str = "stream_id",
    opening: str = "(clear ->> 'opening')::uuid",
    application: str = "null::uuid",
    accepted: str = "null",
    taker: str = "null::uuid",
    evergreen: str = "null",
    follows: str = "null",
) -> str:
    return _FACT.format(
        fact=fact,
        requisition=requisition,
        opening=opening,
        application=application,
        accepted=accepted,
        taker=taker,
        evergreen=evergreen,
        follows=follows,
    )


def _of_application(fact: str) -> str:
    return _fact(fact, "(clear ->> 'requisition')::uuid", "null::uuid", application="stream_id")


FACTS = {
    RequisitionOpened: _fact("'p'", opening="null::uuid", evergreen="(clear ->> 'evergreen')"),
    OpeningOpened: _fact("'o'", follows=f"starts_with(occurred_how, '{OF_ITS_JOB}')"),
    OpeningFilled: _fact(
        "'f'",
        accepted="((clear ->> 'accepted_at')::timestamptz at time zone {zone})",
        taker="(clear ->> 'application')::uuid",
    ),
    OpeningCancelled: _fact("'x'"),
    OpeningReopened: _fact("case when clear ->> 'need' = 'new' then 'n' else 'r' end"),
    CandidateHired: _of_application("'h'"),
    CandidateUnhired: _of_application("'u'"),
}

_HOLD = """
select stream_id as requisition, position, at, (at at time zone {{zone}})::date as day, {held} as held
from batch where {{this}}
"""

_CLOSING = """
select stream_id as requisition, position, at, (at at time zone {{zone}})::date as day, {closed} as closed
from batch where {{this}}
"""

_DATING = """
select stream_id as requisition, {opening} as opening, position, at,
       ((clear ->> 'opened_at')::timestamptz at time zone {{zone}})::date as day
from batch where {{this}}
"""

_BEGINNING = """
select stream_id as application, (clear ->> '{job}')::uuid as requisition, position,
       (at at time zone {{zone}})::date as day
from batch where {{this}}
"""

_REOPENING = """
select (clear ->> 'opening')::uuid as opening, position, clear ->> 'need' = 'new' as new,
       (clear ->> 'application')::uuid as undone
from batch where {this}
"""

KEEP_HOLDS = """
with kept as (
    insert into openings.hold (requisition, position, at, day, held) {hold} returning *
)
insert into openings_told (requisition, position, day, fact)
select requisition, position, day, case when held then 't' else 'g' end from kept
"""

KEEP_CLOSINGS = """
with kept as (
    insert into openings.closing (requisition, position, at, day, closed) {closing} returning *
)
insert into openings_told (requisition, position, day, fact)
select requisition, position, day, case when closed then 'c' else 'd' end from kept
"""

KEEP_DATINGS = """
with kept as (
    insert into openings.dating (requisition, opening, position, at, day) {dating} returning *
)
insert into openings_told (requisition, opening, position, spell, fact)
select requisition, opening, position, 0, case when opening is null then 'q' else 'm' end from kept
"""

# Whether a stated date is one of a 'p' or an 'o': of an opening that `follows` its job that of the job is, too.
_DATES = """
    dating.requisition = fact.requisition
    and (dating.opening is not distinct from fact.opening or dating.opening is null and fact.follows)
"""

# Of the dates that are stated of an opening, one of its own comes before that of its job; of several the newest counts.
CORRECT_DATES = f"""
insert into openings.fact (requisition, opening, position, spell, at, day, evergreen, follows, fact)
select fact.requisition, fact.opening, told.position, fact.spell, fact.at, stated.day, fact.evergreen, fact.follows,
       fact.fact
from ({{dating}}) told cross join lateral (
    select distinct on (opening) * from openings.fact
    where fact.requisition = told.requisition and fact in ('p', 'o') and fact.position < told.position
          and (fact.opening is not distinct from told.opening or told.opening is null and follows)
    order by opening, position
) fact cross join lateral (
    select day from openings.dating
    where {_DATES} and dating.position <= told.position
    order by dating.opening is null, dating.at desc, dating.position desc limit 1
) stated
"""

TAKE_BACK_DATES = f"""
update openings.fact set until = (
    select min(dating.position) from openings.dating where {_DATES} and dating.position > fact.position)
from (select distinct requisition from ({{dating}}) dated) told
where fact.requisition = told.requisition and fact.fact in ('p', 'o') and fact.until is null
"""

KEEP_BEGINNINGS = "insert into openings.beginning (application, requisition, position, day) {beginning}"

KEEP_RENEWALS = """
insert into openings.renewal (opening, position) select opening, position from ({reopening}) reopened where new
"""

# An application that was for no job yet, or is for this one since its transfer, began for it when it came to it.
KEEP = """
with kept as (
    insert into openings.fact
        (requisition, opening, application, position, spell, at, day, accepted, taker, begun, evergreen, follows, fact)
    select requisition, opening, application, position,
           coalesce((select max(renewal.position) from openings.renewal
                     where renewal.opening = told.opening and renewal.position <= told.position), 0),
           at,
           case when follows then coalesce(
               (select dating.day from openings.dating
                where dating.requisition = told.requisition and dating.opening is null
                      and dating.position < told.position
                order by dating.at desc, dating.position desc limit 1), day) else day end,
           accepted, taker,
           case when fact = 'h' then coalesce(
               (select coalesce(min(began.day) filter (where began.requisition = told.requisition), min(began.day))
                from openings.beginning began
                where began.application = told.application and began.position < told.position), day) end,
           evergreen, follows, fact
    from ({fact}) told
    returning requisition, opening, application, spell, position, at, day, fact
)
insert into openings_told (requisition, opening, application, spell, position, at, day, fact)
select requisition, opening, application, spell, position, at, day, fact from kept
"""

KEEP_JOBS = """
insert into openings_jobs (requisition, mended, held)
select requisition,
       exists (select from openings.fact where fact.requisition = job.requisition and until is not null)
       or exists (select from openings.fact where fact.requisition = job.requisition and fact in ('f', 'x', 'h')
                  group by opening, spell, application having count(*) > 1)
       or exists (select from openings.closing where closing.requisition = job.requisition),
       exists (select from openings.hold where hold.requisition = job.requisition)
from (select distinct requisition from openings_told where requisition is not null) job
"""

TAKE_BACK_ENDS = reversals.take_back(
    "openings.fact",
    "opening = reversal.opening and spell = reversal.spell and fact in ('f', 'x')",
    "select told.*, undone from openings_told told join ({reopening}) reopened using (position) where told.fact = 'r'",
    own="taker = reversal.undone",
)

TAKE_BACK_HIRES = reversals.take_back("openings.fact", "application = reversal.application and fact = 'h'", "{unhire}")

# What an un-hire tells, it tells of the job that its hire was for.
TELL_OF_HIRES = """
update openings_told told set requisition = hire.requisition
from ({unhire}) undone join openings.fact hire on hire.application = undone.application and hire.fact = 'h'
    and hire.until = undone.position
where told.position = undone.position
"""

# How a thing that started on `started` stands after an event (`fate`, `ended`) and stood before it: the old line is
# taken back and the new one added. A line that is still open says the day of the month in `amount`, so that its wait
# can be counted to any day, and is counted once more as `waiting` with the month (in months since the year 0): the
# few months in which anything waits are known without adding up the days of all the others. An end before the start
# counts 0 days.
_LINES = """
    select requisition as entity, position, line.started as day,
           line.definition || case when evergreen then '.evergreen.' else '.' end || counted.what as what,
           counted.amount, line.n
    from ({stood}) stood cross join lateral (values {values}) line (definition, started, fate, ended, n)
    cross join lateral (
        select line.fate as what, greatest(line.ended - line.started, 0) as amount where line.fate <> 'open'
        union all
        select 'open', extract(day from line.started)::int where line.fate = 'open'
        union all
        select 'waiting', extract(year from line.started)::int * 12 + extract(month from line.started)::int - 1
        where line.fate = 'open'
    ) counted
    where line.started is not null
"""

# What is known after the event, and what was known before it.
_STANDS_AFTER = "fact.position <= told.position and (fact.until is null or fact.until > told.position)"
_STANDS_BEFORE = "fact.position < told.position and (fact.until is null or fact.until >= told.position)"

# Since when the job is closed, as far as that is known; null: it is open.
_CLOSED = """
    select min(day) as since from openings.closing turn
    where turn.requisition = {told}.requisition and turn.position {known} {told}.position and turn.closed
          and not exists (
              select from openings.closing later
              where later.requisition = turn.requisition and later.position {known} {told}.position
                    and not later.closed and (later.at, later.position) > (turn.at, turn.position))
"""

# A spell of an opening at an event `told` (requisition, position, opening, spell), after it and before it. One that has
# no end is given up while its job is closed.
_SPELL_STOOD = f"""
    select days.*, posted.evergreen, given_up.*,
           case when filled0 is not null then 'filled'
                when given_up.cancelled0 is not null then 'cancelled' else 'open' end as fate0,
           case when filled is not null then 'filled'
                when given_up.cancelled is not null then 'cancelled' else 'open' end as fate
    from (
        select requisition, position, min(day) filter (where before and known in ('o', 'n')) as started0,
               min(day) filter (where after and known in ('o', 'n')) as started,
               min(day) filter (where before and known = 'f') as filled0,
               min(day) filter (where after and known = 'f') as filled,
               (array_agg(accepted order by at, known_at) filter (where before and known = 'f'))[1] as accepted0,
               (array_agg(accepted order by at, known_at) filter (where after and known = 'f'))[1] as accepted,
               min(day) filter (where before and known = 'x') as alone0,
               min(day) filter (where after and known = 'x') as alone
        from (
            select told.requisition, told.position, {_STANDS_BEFORE} as before, {_STANDS_AFTER} as after,
                   fact.opening, fact.spell,
                   fact.at, fact.position as known_at, fact.day, fact.accepted, fact.fact as known
            from ({{told}}) told join openings.fact fact using (opening, spell)
            where fact.position <= told.position and (fact.until is null or fact.until >= told.position)
        ) state group by requisition, opening, spell, position
    ) days left join lateral (
        select evergreen from openings.fact posted where posted.requisition = days.requisition and posted.fact = 'p'
        limit 1
    ) posted on true
    cross join lateral ({_CLOSED.format(told="days", known="<")}) closed0
    cross join lateral ({_CLOSED.format(told="days", known="<=")}) closed
    cross join lateral (
        select coalesce(alone0, closed0.since) as cancelled0, coalesce(alone, closed.since) as cancelled
    ) given_up
"""

# The facts of a job ('t', 'g', 'c', 'd') apply to each of its openings.
_TOLD_OF_SEATS = """
    select told.requisition, told.position, seat.opening, seat.spell from openings_told told
    join openings.fact seat on seat.requisition = told.requisition and seat.fact in ('o', 'n')
        and seat.position < told.position
    where told.fact in ({facts})
"""

_TOLD_OF_SPELLS = f"""
    select requisition, position, opening, spell from openings_told where fact in ('o', 'f', 'x', 'r', 'n', 'm')
    union all {_TOLD_OF_SEATS.format(facts="'c', 'd', 'q'")}
"""

OF_OPENINGS = _LINES.format(
    stood=_SPELL_STOOD.format(told=_TOLD_OF_SPELLS),
    values="""
        ('standard', started0, fate0, coalesce(accepted0, cancelled0), -1),
        ('standard', started, fate, coalesce(accepted, cancelled), 1),
        ('greenhouse', started0, fate0, coalesce(filled0, cancelled0), -1),
        ('greenhouse', started, fate, coalesce(filled, cancelled), 1)""",
)

# A job after each of its facts, in position order; only the facts of this batch make a difference. `alone` counts the
# openings (each as often as it was opened for a new need) that were cancelled, `given_up` those that were given up with
# their job as well.
_SUMMED = """
    bool_or(evergreen) {over} as evergreen,
    min(day) filter (where fact = 'p') {over} as posted,
    min(day) filter (where fact = 'o') {over} as first,
    count(*) filter (where fact in ('o', 'n')) {over} as seats,
    count(*) filter (where fact = 'f') {over} as fills,
    count(*) filter (where fact = 'x') {over} as alone,
    count(*) filter (where fact = 'h') {over} as hires,
    max(day) filter (where fact = 'f') {over} as last_fill,
    max(day) filter (where fact = 'x') {over} as last_alone,
    max(day) filter (where fact = 'h') {over} as last_hire
"""

_JOB_STATE = """
    select *, case when hires > 0 then 'filled' when seats = given_up then 'cancelled' else 'open' end as hiring,
           case when hires > 0 then last_hire else last_given_up end as hired,
           case when fills + given_up < seats or seats = 0 then 'open' when fills > 0 then 'filled' else 'cancelled' end
               as completion,
           case when fills > 0 then last_fill else last_given_up end as completed
    from (
        select *, case when closed is null then alone else greatest(seats - fills, alone) end as given_up,
               case when seats - fills > alone then greatest(last_alone, closed) else last_alone end as last_given_up
        from ({running}) running
    ) counted
"""

_JOB_RUNNING = f"""
    select fact.requisition, position, 0 as chain, position as step, null::date as closed,
           {_SUMMED.format(over="over known")}
    from openings.fact join openings_jobs job using (requisition)
    where not job.mended
    window known as (partition by fact.requisition order by position)
"""

# Where a fact was taken back, what is known does not only grow; where an opening ended twice, or an application was
# hired twice, one of both counts; and a closing gives up all that are open. Such a job is summed up anew at each event,
# as it was known before (step 0) and after it (1). Of several ends of an opening a fill counts, of several fills and of
# several hires the earliest.
_JOB_MENDED = f"""
    select told.requisition, told.position, told.position as chain, step, min(closed.since) as closed,
           {_SUMMED.format(over="")}
    from (
        select requisition, position from openings_told join openings_jobs job using (requisition)
        where job.mended and fact not in ('t', 'g')
    ) told cross join (values (0), (1)) side (step) cross join lateral (
        select distinct on (one) day, evergreen, fact.fact from openings.fact
        cross join lateral (
            select case when fact.fact in ('f', 'x') then concat(opening, spell) when fact.fact = 'h'
                        then concat('h', application) else concat(position, opening) end as one
        ) counted
        where fact.requisition = told.requisition and case when step = 1 then {_STANDS_AFTER} else {_STANDS_BEFORE} end
        order by one, fact.fact = 'x', at, position
    ) known cross join lateral (
        select case when step = 1 then ({_CLOSED.format(told="told", known="<=")})
                    else ({_CLOSED.format(told="told", known="<")}) end as since
    ) closed
    group by told.requisition, told.position, step
"""

STAND_JOBS = f"""
insert into openings_stood
    (requisition, application, position, day, fact, evergreen, {", ".join(f"{c}0, {c}" for c in _BOTH)})
select stood.requisition, told.application, position, told.day, told.fact, evergreen,
       {", ".join(f"{c}0, {c}" for c in _BOTH)}
from (
    select *, {", ".join(f"lag({column}) over former as {column}0" for column in _BOTH)}
    from ({_JOB_STATE.format(running=f"{_JOB_RUNNING} union all {_JOB_MENDED}")}) state
    window former as (partition by requisition, chain order by step)
) stood join openings_told told using (position)
where chain = 0 or step = 1
"""

# By Workable's way of counting, a job that has not hired waits, or is given up, as it is by Pinpoint's.
OF_JOBS = _LINES.format(
    stood="select * from openings_stood",
    values="""
        ('smartrecruiters.days_open', first0, hiring0, hired0, -1),
        ('smartrecruiters.days_open', first, hiring, hired, 1),
        ('frappe', posted0, completion0, completed0, -1),
        ('frappe', posted, completion, completed, 1),
        ('pinpoint', first0, nullif(hiring0, 'filled'), hired0, -1),
        ('pinpoint', first, nullif(hiring, 'filled'), hired, 1)""",
)

# Whether a hire counts, after the event and before it: it stands, and no earlier hire of its application for the job
# does.
_COUNTS = """
    {known} and not exists (
        select from openings.fact earlier
        where earlier.application = hire.application and earlier.fact = 'h' and earlier.requisition = hire.requisition
              and (earlier.at, earlier.position) < (hire.at, hire.position) and {earlier}
    )
"""


def _counts(holds: str, moves: str) -> str:
    placed = holds.replace("told.", f"{moves}.")
    return _COUNTS.format(known=placed.replace("fact.", "hire."), earlier=placed.replace("fact.", "earlier."))


# Pinpoint counts hires, each from the job's first opening: a new hire counts once, one that is undone no more, and
# when the first opening turns out to have been another day, all hires until then move with it.
_HIRE_STOOD = f"""
    select stood.requisition, stood.position, stood.evergreen, hire.day as hired,
           case when {_counts(_STANDS_BEFORE, "stood")} then first0 end as first0,
           case when {_counts(_STANDS_AFTER, "stood")} then first end as first
    from openings_stood stood
    join openings.fact hire on hire.requisition = stood.requisition and hire.fact = 'h'
        and hire.position <= stood.position and (hire.application = stood.application or first0 is distinct from first)
"""

OF_HIRES = _LINES.format(
    stood=_HIRE_STOOD,
    values="('pinpoint', first0, 'filled', hired, -1), ('pinpoint', first, 'filled', hired, 1)",
)


# The days on hold within [begins, ends) by the holds of `told`'s job that are known, to the end where that is open; and
# since when a hold lasts. A resumption ends a hold, and so does another hold, which begins one.
_HELD = """
    select coalesce(sum(greatest(least(hold.ends, {ends}) - greatest(hold.begins, {begins}), 0)), 0)::int as days,
           max(hold.begins) filter (where hold.ends is null) as since
    from (
        select day as begins, held, lead(day) over (order by at, position) as ends from openings.hold
        where hold.requisition = told.requisition and hold.position {known} told.position
    ) hold where hold.held
"""

# Net of holds, a spell of the `standard` differs from the gross one in jobs that were ever held: `net...` is that
# difference, the gross line taken back and the net one added. An open one that waits says in `amount` the day (1 for
# the first of January in the year 1) since which it would have waited without its holds; one that is on hold does not
# wait on, and says for how many days it had.
_NET = """
    select requisition as entity, position, started{side} as day,
           case when evergreen then 'standard.evergreen.net.' else 'standard.net.' end || net.what as what,
           net.amount, {sign} * net.n as n
    from spells told cross join lateral ({held}) held cross join lateral (
        select fate{side} as what, greatest(ended{side} - started{side}, 0) - days * heads as amount, n
        from (values (1, 1), (0, -1)) line (heads, n) where fate{side} <> 'open'
        union all
        select 'waiting', started{side} - date '0001-01-01' + 1 + days * heads, n
        from (values (1, 1), (0, -1)) line (heads, n)
        where fate{side} = 'open' and (heads = 0 or since is null)
        union all
        select 'held', greatest(since - started{side}, 0) - days, 1 where fate{side} = 'open' and since is not null
    ) net
    where started{side} is not null
"""

_TOLD_OF_HELD = f"""
    select requisition, position, opening, spell from openings_told join openings_jobs job using (requisition)
    where job.held and fact in ('o', 'f', 'x', 'r', 'n', 'm')
    union all {_TOLD_OF_SEATS.format(facts="'t', 'g', 'c', 'd', 'q'")}
"""

OF_HOLDS = f"""
    (with spells as (
        select *, coalesce(accepted0, cancelled0) as ended0, coalesce(accepted, cancelled) as ended
        from ({_SPELL_STOOD.format(told=_TOLD_OF_HELD)}) stood
    )
    {_NET.format(side="0", sign=-1, held=_HELD.format(begins="told.started0", ends="told.ended0", known="<"))}
    union all
    {_NET.format(side="", sign=1, held=_HELD.format(begins="told.started", ends="told.ended", known="<="))})
"""

# Workable counts a hire from the last day on which the job was made active (posted, opened, reopened or resumed, itself
# or an opening of it) up to the day on which the application for it began, or from that day itself, and leaves out the
# days on hold.
_ACTIVE = """
    select case when bool_or(posted) then coalesce(max(day), hire.begun) end as since
    from (
        select true as posted, null::date as day from openings.fact
        where fact.requisition = told.requisition and fact.fact = 'p' and {stands}
        union all
        (select false, day from openings.fact
         where fact.requisition = told.requisition and fact.fact in ('p', 'o', 'r', 'n') and day <= hire.begun
               and {stands}
         order by day desc limit 1)
        union all
        select false, max(day) from openings.hold
        where hold.requisition = told.requisition and not held and day <= hire.begun
              and hold.position {known} told.position
        union all
        select false, max(day) filter (where was and not closed and day <= hire.begun)
        from (select day, closed, lag(closed) over (order by at, position) as was from openings.closing
              where closing.requisition = told.requisition and closing.position {known} told.position) turn
    ) active
"""

# What becomes known after a hire moves its line only where it is of days that the hire's time touches.
_ACTIVE_STOOD = f"""
    select told.requisition, told.position, posted.evergreen,
           active0.since as started0, hire.day - held0.days as ended0,
           active.since as started, hire.day - held.days as ended
    from openings_told told
    join openings.fact hire on hire.requisition = told.requisition and hire.fact = 'h'
        and hire.position <= told.position
        and (hire.application = told.application
             or hire.position < told.position and (hire.until is null or hire.until > told.position)
                and (told.fact in ('p', 'q', 'm')
                     or told.fact in ('o', 'r', 'n', 'g', 'c', 'd') and told.day <= hire.begun
                     or told.fact in ('t', 'g') and told.day < hire.day))
    left join lateral (
        select evergreen from openings.fact posted where posted.requisition = told.requisition and posted.fact = 'p'
        limit 1
    ) posted on true
    left join lateral ({_ACTIVE.format(known="<", stands=_STANDS_BEFORE)}) active0 on {_counts(_STANDS_BEFORE, "told")}
    left join lateral ({_ACTIVE.format(known="<=", stands=_STANDS_AFTER)}) active on {_counts(_STANDS_AFTER, "told")}
    left join lateral ({_HELD.format(begins="active0.since", ends="hire.day", known="<")}) held0 on true
    left join lateral ({_HELD.format(begins="active.since", ends="hire.day", known="<=")}) held on true
"""

OF_ACTIVE = _LINES.format(
    stood=_ACTIVE_STOOD,
    values="('workable', started0, 'filled', ended0, -1), ('workable', started, 'filled', ended, 1)",
)

OPENINGS = ReadModel(
    name="openings",
    version=5,
    tables=TABLES,
    working=WORKING,
    facts={
        "segment": tally.JOB_SEGMENT,
        "fact": FACTS,
        "hold": {RequisitionHeld: _HOLD.format(held="true"), RequisitionResumed: _HOLD.format(held="false")},
        "closing": {
            RequisitionClosed: _CLOSING.format(closed="true"),
            RequisitionReopened: _CLOSING.format(closed="false"),
        },
        "dating": {
            RequisitionDateCorrected: _DATING.format(opening="null::uuid"),
            OpeningDateCorrected: _DATING.format(opening="(clear ->> 'opening')::uuid"),
        },
        "beginning": {
            ProspectAdded: _BEGINNING.format(job="requisition"),
            ApplicationSubmitted: _BEGINNING.format(job="requisition"),
            ApplicationTransferred: _BEGINNING.format(job="to"),
        },
        "reopening": {OpeningReopened: _REOPENING},
        "unhire": {CandidateUnhired: "select stream_id as application, position, at from batch where {this}"},
    },
    recompute=(
        tally.keep_job_segment("openings"),
        KEEP_HOLDS,
        KEEP_CLOSINGS,
        KEEP_DATINGS,
        KEEP_BEGINNINGS,
        KEEP_RENEWALS,
        KEEP,
        CORRECT_DATES,
        TAKE_BACK_DATES,
        TAKE_BACK_ENDS,
        TAKE_BACK_HIRES,
        TELL_OF_HIRES,
        KEEP_JOBS,
        STAND_JOBS,
        tally.record_jobs("openings", " union all ".join((OF_OPENINGS, OF_HOLDS, OF_JOBS, OF_HIRES, OF_ACTIVE))),
    ),
)
