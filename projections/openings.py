"""What became of every opening and every job: each way of counting time to fill, and the stages of applications."""

from __future__ import annotations

from domain.application import (
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CandidateHired,
    OfferAccepted,
    ProspectAdded,
    StageEntered,
)
from domain.requisition import OpeningCancelled, OpeningFilled, OpeningOpened, RequisitionOpened
from projections import tally
from projections.read_model import ReadModel

# fact: 'p' job posted, 'o' opening opened, 'f' filled, 'x' cancelled, 'h' somebody hired for the job.
TABLES = (
    tally.tables("openings")
    + """
create table openings.fact (
    requisition uuid    not null,
    opening     uuid,
    position    bigint  not null,
    day         date    not null,
    accepted    date,
    evergreen   boolean,
    fact        "char"  not null
);
create index on openings.fact (requisition);
create index on openings.fact (opening);
create table openings.step (
    application uuid        not null,
    candidate   uuid        not null,
    requisition uuid,
    position    bigint      not null,
    at          timestamptz not null,
    step        text        not null,
    stage       text
);
create index on openings.step (application);
create index on openings.step (requisition);
"""
)

WORKING = {"openings_told": 'requisition uuid, opening uuid, position bigint, fact "char"'}

POSTED = """
select stream_id as requisition, null::uuid as opening, position, (at at time zone {zone})::date as day,
       null::date as accepted, (clear ->> 'evergreen')::boolean as evergreen, 'p'::"char" as fact
from batch where {this}
"""

OPENED = """
select stream_id, (clear ->> 'opening')::uuid, position, (at at time zone {zone})::date, null::date, null::boolean,
       'o'::"char"
from batch where {this}
"""

FILLED = """
select stream_id, (clear ->> 'opening')::uuid, position, (at at time zone {zone})::date,
       ((clear ->> 'accepted_at')::timestamptz at time zone {zone})::date, null::boolean, 'f'::"char"
from batch where {this}
"""

CANCELLED = """
select stream_id, (clear ->> 'opening')::uuid, position, (at at time zone {zone})::date, null::date, null::boolean,
       'x'::"char"
from batch where {this}
"""

HIRED = """
select (clear ->> 'requisition')::uuid, null::uuid, position, (at at time zone {zone})::date, null::date, null::boolean,
       'h'::"char"
from batch where {this} and clear ->> 'requisition' is not null
"""

_STEP = """
select stream_id as application, (clear ->> 'candidate')::uuid as candidate,
       (clear ->> 'requisition')::uuid as requisition, position, at, '{step}' as step, clear ->> 'stage' as stage
from batch where {{this}}
"""

KEEP = """
with kept as (
    insert into openings.fact (requisition, opening, position, day, accepted, evergreen, fact) {fact}
    returning requisition, opening, position, fact
)
insert into openings_told (requisition, opening, position, fact)
select requisition, opening, position, fact from kept
"""

KEEP_STEPS = """
insert into openings.step (application, candidate, requisition, position, at, step, stage) {step}
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

_OPENING_STATE = """
    select told.requisition, told.position, told.fact, fact.position < told.position as before, fact.opening,
           fact.day, fact.accepted, fact.fact as known
    from openings_told told join openings.fact fact using (opening)
    where told.fact in ('o', 'f', 'x') and fact.position <= told.position
"""

_OPENING_STOOD = f"""
    select *,
           case when filled0 is not null then 'filled'
                when cancelled0 is not null then 'cancelled' else 'open' end as fate0,
           case when filled is not null then 'filled'
                when cancelled is not null then 'cancelled' else 'open' end as fate
    from (
        select requisition, position, min(day) filter (where before and known = 'o') as started0,
               min(day) filter (where known = 'o') as started,
               min(day) filter (where before and known = 'f') as filled0, min(day) filter (where known = 'f') as filled,
               min(accepted) filter (where before) as accepted0, min(accepted) as accepted,
               min(day) filter (where before and known = 'x') as cancelled0,
               min(day) filter (where known = 'x') as cancelled
        from ({_OPENING_STATE}) state group by requisition, opening, position
    ) days left join lateral (
        select evergreen from openings.fact posted where posted.requisition = days.requisition and posted.fact = 'p'
        limit 1
    ) posted on true
"""

OF_OPENINGS = _LINES.format(
    stood=_OPENING_STOOD,
    values="""
        ('standard', started0, fate0, coalesce(accepted0, cancelled0), -1),
        ('standard', started, fate, coalesce(accepted, cancelled), 1),
        ('greenhouse', started0, fate0, coalesce(filled0, cancelled0), -1),
        ('greenhouse', started, fate, coalesce(filled, cancelled), 1)""",
)

# A job after each of its facts, in position order; only the facts of this batch make a difference.
_JOB_RUNNING = """
    select requisition, position, fact, day,
           bool_or(evergreen) over known as evergreen,
           min(day) filter (where fact = 'p') over known as posted,
           min(day) filter (where fact = 'o') over known as first,
           count(*) filter (where fact = 'o') over known as seats,
           count(*) filter (where fact = 'f') over known as fills,
           count(*) filter (where fact = 'x') over known as given_up,
           count(*) filter (where fact = 'h') over known as hires,
           max(day) filter (where fact = 'f') over known as last_fill,
           max(day) filter (where fact = 'x') over known as last_given_up,
           max(day) filter (where fact = 'h') over known as last_hire
    from openings.fact where requisition in (select requisition from openings_told)
    window known as (partition by requisition order by position)
"""

_JOB_STATE = f"""
    select *, case when hires > 0 then 'filled' when seats = given_up then 'cancelled' else 'open' end as hiring,
           case when hires > 0 then last_hire else last_given_up end as hired,
           case when fills + given_up < seats or seats = 0 then 'open' when fills > 0 then 'filled' else 'cancelled' end
               as completion,
           case when fills > 0 then last_fill else last_given_up end as completed
    from ({_JOB_RUNNING}) running
"""

_JOB_STOOD = f"""
    select * from (
        select *, lag(posted) over former as posted0, lag(first) over former as first0,
               lag(hiring) over former as hiring0, lag(hired) over former as hired0,
               lag(completion) over former as completion0, lag(completed) over former as completed0
        from ({_JOB_STATE}) state window former as (partition by requisition order by position)
    ) both_sides where position in (select position from openings_told)
"""

OF_JOBS = _LINES.format(
    stood=_JOB_STOOD,
    values="""
        ('smartrecruiters.days_open', first0, hiring0, hired0, -1),
        ('smartrecruiters.days_open', first, hiring, hired, 1),
        ('frappe', posted0, completion0, completed0, -1),
        ('frappe', posted, completion, completed, 1),
        ('pinpoint', first0, nullif(hiring0, 'filled'), hired0, -1),
        ('pinpoint', first, nullif(hiring, 'filled'), hired, 1)""",
)

# Pinpoint counts hires, each from the job's first opening: a new hire counts once, and when the first opening turns
# out to have been another day, all hires until then move with it.
_HIRE_STOOD = f"""
    select running.requisition, running.position, running.evergreen, hire.day as hired,
           case when hire.position < running.position then first0 end as first0, first
    from ({_JOB_STOOD}) running
    join openings.fact hire on hire.requisition = running.requisition and hire.fact = 'h'
        and (hire.position = running.position
             or hire.position < running.position and first0 is distinct from first)
"""

OF_HIRES = _LINES.format(
    stood=_HIRE_STOOD,
    values="('pinpoint', first0, 'filled', hired, -1), ('pinpoint', first, 'filled', hired, 1)",
)

OPENINGS = ReadModel(
    name="openings",
    version=1,
    tables=TABLES,
    working=WORKING,
    facts={
        "segment": tally.JOB_SEGMENT,
        "fact": {
            RequisitionOpened: POSTED,
            OpeningOpened: OPENED,
            OpeningFilled: FILLED,
            OpeningCancelled: CANCELLED,
            CandidateHired: HIRED,
        },
        "step": {
            event: _STEP.format(step=step)
            for event, step in (
                (ProspectAdded, "prospect"),
                (ApplicationSubmitted, "submitted"),
                (StageEntered, "stage"),
                (OfferAccepted, "offer-accepted"),
                (CandidateHired, "hired"),
                (ApplicationRejected, "rejected"),
                (ApplicationWithdrawn, "withdrawn"),
            )
        },
    },
    recompute=(
        tally.keep_segment("openings"),
        KEEP,
        KEEP_STEPS,
        tally.record("openings", f"{OF_OPENINGS} union all {OF_JOBS} union all {OF_HIRES}"),
    ),
)
