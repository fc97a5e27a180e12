/*
 * The election of one master, as a model for SPIN (https://spinroot.com).
 *
 * Who takes part: electors (the managers, lib/election/elector.ts), etcd, the network between them, the
 * state store of each node (the record of mastership that its roles believe) and time. What one of them
 * does is one atomic step; between two steps anything else may happen, for any length of time. So a pause
 * of any process, a slow request, answer or disk needs no step of its own: others simply go first.
 *
 * Time is counted in ticks. Only what is left of a lease and the age of a reading of the clock are kept,
 * never the time itself, and of revisions only which ones are equal (see "Revisions"). So the states are
 * finite without any bound on the time, the number of terms, of restarts or of faults.
 *
 * What holds (an `assert` each):
 *  - no two nodes have a valid record of mastership at one instant;
 *  - with WRITES: what a job of a term writes lands only while the election key is that term's, so never
 *    behind a write of a newer term;
 *  - with TIMELY, where nothing is faulty but that leaders go: a leader within TTL + 1 ticks.
 *
 * The transitions of an elector are written T(state, event, next state, effect). A test compares them
 * with lib/election/machine.ts: they are the same table.
 *
 * Defined from outside (spin -D…): what takes part, and faults of older designs, put back one by one
 * (FAULT_…), each of which has to be found.
 */

#ifndef STOPS
#define STOPS false
#endif
#ifndef NODES
#define NODES 2
#endif
#ifdef ORPHANS
/* The last elector is another manager of node 0: one was started while the old one lives on. */
#define ELECTORS (NODES + 1)
#else
#define ELECTORS NODES
#endif
/* Requests under way whose sender has given up, at one time. */
#ifndef LATE
#define LATE 1
#endif
/* Leases that anything can still mean: the key's, one of each elector, one of each late request. */
#define LEASES (1 + ELECTORS + LATE)
/* A lease that has ended, or none. */
#define ENDED LEASES
#define NOBODY 15

#ifndef TTL
#define TTL 3
#endif
#define MARGIN 1
#ifndef REFRESH
#define REFRESH 1
#endif
/*
 * A machine's clock loses up to LOSS ticks within a TTL of etcd's. Here each loses them, and from every
 * reading on at once, which is the worst: mastership then ends LOSS ticks later by etcd's clock than by its
 * own. (What a better clock would end earlier, a step-down or a stepped clock ends here as well.)
 */
#ifdef FAULT_CLOCK_BEYOND_MARGIN
#define LOSS (MARGIN + 1)
#else
#define LOSS MARGIN
#endif
/* Ages of a reading, in etcd's ticks: mastership ends; the next refresh is due. */
#define LIFE (TTL - MARGIN + LOSS)
#define DUE (REFRESH + LOSS)

#define node(e) ((e) < NODES -> (e) : 0)
/* The election value, <name>:<pid>. A restarted manager has the same one again, which is the worst case. */
#ifdef SAME_VALUE
#define value(e) 0
#else
#define value(e) node(e)
#endif

mtype:state = { off, follower, candidate, leader, ending, stopping };
mtype:effect = { none, clear, read, stand, publish, refresh, end, wait, finish };
mtype:call = { idle, grant, create, keepAlive, rewrite, release, removal, revoke };

/*
 * Revisions. "The key's create revision is that of my term" is a bit beside whatever remembers a create
 * revision, set when the key is created and cleared when it goes. "The key's mod revision is the one that
 * I judged" is a bit as well, cleared whenever the key is written. Both are exact, because etcd gives each
 * revision once.
 */
typedef Elector {
  mtype:state state = follower;
  mtype:effect effect = clear;
  mtype:call call = idle;    /* under way */
  bit removes;               /* beside the creation, a stale key's removal is under way, or will be */
  bit sameMod;               /* the key has the mod revision that was judged */
  byte lease = ENDED;
  bit sameTerm;              /* the key has the create revision of this elector's term */
  byte age;                  /* of the reading before the last successful grant or keep-alive */
  byte asked;                /* of the reading before the grant or keep-alive that is under way */
  byte until;                /* so many ticks a role may believe what was published */
  bit toStop;
  bit claimed;               /* this process has claimed the state store at some time */
  bit wrote;                 /* and what the record says has been its own since */
#ifdef TIMELY
  bit woken;
#endif
}
/* left: 0 when it has ended, 1 when it may end at any time, else one more than the ticks until then */
typedef Lease { byte left; byte grantedTo = NOBODY }
typedef Request { mtype:call call = idle; byte val; byte lease = ENDED; bit sameTerm; bit sameMod }

Elector el[ELECTORS];
#define me el[e]
Lease leases[LEASES + 1];
#if LATE > 0
Request late[LATE];
#endif
/* The election key. */
bit key;
byte keyValue;
byte keyLease = ENDED;
/* Of each node: the ticks left of its record of mastership; whether the key is of the own term that it has
 * noted; which manager its state store belongs to. */
byte record[NODES];
bit ownTerm[NODES];
byte owner[NODES] = NOBODY;
#ifdef WRITES
/* Of each node: a job that has found its node master and writes; whether the key is of the term in its write,
 * and in the record. Again: it is not, but a restored etcd has given that create revision out once more. */
bit job[NODES];
bit jobTerm[NODES];
bit jobAgain[NODES];
bit recordTerm[NODES];
bit recordAgain[NODES];
bit restored;
hidden byte saved;
#endif
#ifdef TIMELY
byte leaderless;
#endif

/* Of use within one step only, so no part of the state. (What a d_step sets must not be used after it: when
 * pan goes back, it does not restore that.) */
hidden byte i; hidden byte l; hidden byte was; hidden byte other; hidden byte ok;
/* A request, for what follows in the same step. (An inline's parameter cannot have a dot.) */
hidden byte r_call; hidden byte r_value; hidden byte r_lease; hidden byte r_term; hidden byte r_mod;
#define REQUEST(c, v, id, term, mod) \
  r_call = c; r_value = v; r_lease = id; r_term = term; r_mod = mod

inline late_gone(n) {
  late[n].call = idle; late[n].val = 0; late[n].lease = ENDED;
  late[n].sameTerm = 0; late[n].sameMod = 0
}

/* ---------------------------------------------------------------- leases */

#define SWAP(a, b) other = a; a = b; b = other
#define RENAME(r) if :: r == was -> r = l :: r == l -> r = was :: else fi
/* Gives the lease that `r` means the next number, l. */
#define PLACE(r) \
  if \
  :: r != ENDED && r >= l -> \
    was = r; \
    SWAP(leases[was].left, leases[l].left); \
    SWAP(leases[was].grantedTo, leases[l].grantedTo); \
    RENAME(keyLease); RENAME(el[0].lease); RENAME(el[1].lease); RENAME_MORE; RENAME_LATE; \
    l++ \
  :: else \
  fi
#if ELECTORS > 2
#define RENAME_MORE RENAME(el[2].lease)
#define PLACE_MORE PLACE(el[2].lease)
#else
#define RENAME_MORE skip
#define PLACE_MORE skip
#endif
#if LATE == 0
#define RENAME_LATE skip
#define PLACE_LATE skip
#elif LATE == 1
#define RENAME_LATE RENAME(late[0].lease)
#define PLACE_LATE PLACE(late[0].lease)
#else
#define RENAME_LATE RENAME(late[0].lease); RENAME(late[1].lease)
#define PLACE_LATE PLACE(late[0].lease); PLACE(late[1].lease)
#endif

#if ELECTORS > 2
#define HELD(id) (el[0].lease == id || el[1].lease == id || el[2].lease == id || CREATED_LATE(id))
#else
#define HELD(id) (el[0].lease == id || el[1].lease == id || CREATED_LATE(id))
#endif
#if LATE > 1
#define CREATED_LATE(id) \
  ((late[0].call == create && late[0].lease == id) || (late[1].call == create && late[1].lease == id))
#else
#define CREATED_LATE(id) false
#endif
#ifdef FAULT_RELEASE_BY_VALUE
#define NO_RELEASE(i) false
#else
#define NO_RELEASE(i) (late[i].call == release && !late[i].sameTerm)
#endif
#ifdef FAULT_REMOVAL_BY_VALUE
#define NO_REMOVAL(i) false
#define NO_OWN_REMOVAL(i) false
#else
#define NO_REMOVAL(i) (late[i].call == removal && !late[i].sameMod)
#define NO_OWN_REMOVAL(i) (!el[i].sameMod)
#endif

/*
 * Makes one state of those between which nobody will ever see a difference: what a lease is called, leases that
 * nothing means any more, requests that can do nothing any more.
 */
inline tidy() {
  d_step {
#if LATE > 0
    for (i : 0 .. LATE - 1) {
      if
      :: (late[i].call == create && late[i].lease == ENDED) ||
        ((late[i].call == keepAlive || late[i].call == revoke) &&
          (late[i].lease == ENDED || (late[i].lease != keyLease && !HELD(late[i].lease)))) ||
        (late[i].call == rewrite && !late[i].sameTerm) || NO_RELEASE(i) || NO_REMOVAL(i) ->
        late_gone(i)
      :: else
      fi
    }
    order_late();
#endif
    for (i : 0 .. ELECTORS - 1) { el[i].removes = (el[i].removes && !NO_OWN_REMOVAL(i)) }
    l = 0;
    PLACE(keyLease); PLACE(el[0].lease); PLACE(el[1].lease); PLACE_MORE; PLACE_LATE;
    do
    :: l < LEASES -> leases[l].left = 0; leases[l].grantedTo = NOBODY; l++
    :: else -> break
    od;
    l = 0; i = 0
  }
}

/* ------------------------------------------------------------------ etcd */

/* Followers watch the key. Without TIMELY they look at it whenever they like. */
inline wake() {
#ifdef TIMELY
  for (i : 0 .. ELECTORS - 1) { el[i].woken = (el[i].state != off) }
  i = 0
#else
  skip
#endif
}

inline key_written() {
  d_step {
    for (i : 0 .. ELECTORS - 1) { el[i].sameMod = 0 }
#if LATE > 0
    for (i : 0 .. LATE - 1) { late[i].sameMod = 0 }
#endif
    order_late(); wake()
  }
}

inline key_gone() {
  d_step {
    key = 0; keyValue = 0; keyLease = ENDED;
    for (i : 0 .. ELECTORS - 1) { el[i].sameTerm = 0; el[i].sameMod = 0 }
    for (i : 0 .. NODES - 1) { ownTerm[i] = 0 }
#ifdef WRITES
    for (i : 0 .. NODES - 1) {
      jobTerm[i] = 0; jobAgain[i] = 0; recordTerm[i] = 0; recordAgain[i] = 0
    }
#endif
#if LATE > 0
    for (i : 0 .. LATE - 1) { late[i].sameTerm = 0; late[i].sameMod = 0 }
#endif
    order_late(); wake()
  }
}

inline lease_gone(id) {
  r_lease = id;
  if
  :: key && keyLease == r_lease -> key_gone()
  :: else
  fi;
  d_step {
    for (i : 0 .. ELECTORS - 1) { el[i].lease = (el[i].lease == r_lease -> ENDED : el[i].lease) }
#if LATE > 0
    for (i : 0 .. LATE - 1) { late[i].lease = (late[i].lease == r_lease -> ENDED : late[i].lease) }
#endif
    i = 0
  }
  tidy()
}

/* A deletion compares a revision: the term's create revision, or the mod revision that was judged. */
#ifdef FAULT_RELEASE_BY_VALUE
#define RELEASE_MATCHES (keyValue == r_value)
#else
#define RELEASE_MATCHES r_term
#endif
#ifdef FAULT_REMOVAL_BY_VALUE
#define REMOVAL_MATCHES (keyValue == r_value)
#else
#define REMOVAL_MATCHES r_mod
#endif

/* etcd carries out the request; `ok` is whether it did what was asked. */
inline carry_out() {
  ok = 0;
  if
  :: r_call == create && !key && leases[r_lease].left > 0 ->
    ok = 1; key = 1; keyValue = r_value; keyLease = r_lease; key_written()
  :: r_call == keepAlive && leases[r_lease].left > 0 -> ok = 1; leases[r_lease].left = TTL + 1
  :: r_call == rewrite && key && r_term -> ok = 1; key_written()
  :: r_call == release && key && RELEASE_MATCHES -> ok = 1; key_gone()
  :: r_call == removal && key && REMOVAL_MATCHES -> ok = 1; key_gone()
  :: r_call == revoke && leases[r_lease].left > 0 -> ok = 1; lease_gone(r_lease)
  :: else
  fi;
  if
  :: ok -> tidy()
  :: else
  fi
}

/* --------------------------------------------------------------- network */

/* The order in which late requests are kept means nothing; one for all makes fewer states. */
inline order_late() {
#if LATE == 2
#define RANK(r) (r.call * 2048 + r.val * 64 + r.lease * 4 + r.sameTerm * 2 + r.sameMod)
  if
  :: RANK(late[0]) < RANK(late[1]) ->
    SWAP(late[0].call, late[1].call); SWAP(late[0].val, late[1].val);
    SWAP(late[0].lease, late[1].lease); SWAP(late[0].sameTerm, late[1].sameTerm);
    SWAP(late[0].sameMod, late[1].sameMod)
  :: else
  fi
#else
  skip
#endif
}

/* The sender waits no longer for the answer. The request is still under way, or is lost. */
inline given_up() {
#if LATE > 0
  if
  :: r_call != idle && r_call != grant && late[LATE - 1].call == idle ->
    d_step {
      late[LATE - 1].call = r_call;
      late[LATE - 1].val =
        (r_call == create || r_call == release || r_call == removal -> r_value : 0);
      late[LATE - 1].lease =
        (r_call == create || r_call == keepAlive || r_call == revoke -> r_lease : ENDED);
      late[LATE - 1].sameTerm = ((r_call == rewrite || r_call == release) && r_term);
      late[LATE - 1].sameMod = (r_call == removal && r_mod);
      order_late()
    }
  :: true
  fi
#else
  skip
#endif
}

#if LATE > 0
/* It arrives, or is lost. */
#define LATE_REQUEST(n) \
  :: atomic { \
    late[n].call != idle -> \
    REQUEST(late[n].call, late[n].val, late[n].lease, late[n].sameTerm, late[n].sameMod); \
    late_gone(n); carry_out(); order_late(); tidy() \
  } \
  :: atomic { late[n].call != idle -> late_gone(n); order_late(); tidy() }
#endif

/* --------------------------------------------------------------- elector */

#ifdef TIMELY
/* So many ticks nobody leads at most. */
#ifndef BOUND
#define BOUND (TTL + 1)
#endif
/* Nothing is slow, lost or failing; a leader goes while another node is there to follow it. */
#define LEADS(e) (el[e].state == leader && record[node(e)] > 0)
#define SOMEBODY_LEADS (LEADS(0) || LEADS(1))
#define MAY_STOP(e) MAY_GO(e)
#define MAY_GO(e) (SOMEBODY_LEADS && el[1 - e].state != off && !el[1 - e].toStop)
#define WAKES(e) me.woken
#define FAULTY false
#else
#define MAY_GO(e) true
#define MAY_STOP(e) STOPS
#define WAKES(e) true
#define FAULTY true
#endif

/* A transition of lib/election/machine.ts: in that state, after that event, the next state and effect. */
#define T(from, event, to, next) assert(me.state == from); me.state = to; me.effect = next

#define OVER (me.age >= LIFE)

/* The process is gone, and with it what it remembered. */
inline process_ends() {
  d_step {
#ifdef TIMELY
    me.state = off; me.effect = none;
#else
    me.state = follower; me.effect = clear; /* one that is not there, or one that stands still: all the same */
#endif
    me.call = idle; me.removes = 0; me.sameMod = 0;
    me.lease = ENDED; me.sameTerm = 0; me.age = 0; me.asked = 0; me.until = 0;
    me.toStop = 0; me.claimed = 0; me.wrote = 0;
#ifdef TIMELY
    me.woken = 0;
#endif
    l = 0;
    do
    :: l < LEASES ->
      leases[l].grantedTo = (leases[l].grantedTo == e -> NOBODY : leases[l].grantedTo); l++
    :: else -> break
    od;
    l = 0
  }
  tidy()
}

/* The key is given up when nobody believes any more that this node leads; else it is left to its lease. */
#if defined(FAULT_KEY_GIVEN_UP)
#define GIVES_UP true
#elif defined(FAULT_STOP_GIVES_UP)
#define GIVES_UP (me.until == 0 || me.toStop)
#else
#define GIVES_UP (me.until == 0)
#endif

/* Validity is counted from before a lease was asked for. */
#ifdef FAULT_VALID_FROM_ANSWER
#define AGE_OF_ANSWER 0
#else
#define AGE_OF_ANSWER me.asked
#endif

/* Begins the effect, unless the process has been told to stop meanwhile. */
inline carry_on() {
  if
  :: true
  :: MAY_STOP(e) && me.state == follower -> T(follower, stop, stopping, finish)
  :: MAY_STOP(e) && me.state == candidate -> T(candidate, stop, stopping, finish)
  :: MAY_STOP(e) && me.state == leader -> T(leader, stop, ending, clear); me.toStop = 1
  :: MAY_STOP(e) && me.state == ending && me.effect == clear -> T(ending, stop, ending, clear); me.toStop = 1
  :: MAY_STOP(e) && me.state == ending && me.effect == end -> T(ending, stop, ending, end); me.toStop = 1
  fi;
  if
  :: me.effect == stand -> me.call = grant
  :: me.effect == refresh -> me.call = keepAlive
  :: me.effect == end && GIVES_UP -> me.call = release
  :: me.effect == finish -> process_ends()
  :: else
  fi;
  if
  :: me.state != leader -> me.age = 0
  :: else
  fi
}

/* What it stood or led with is no longer its. */
inline without_term() {
  me.call = idle; me.removes = 0; me.sameMod = 0; me.lease = ENDED; me.sameTerm = 0; me.asked = 0;
  tidy()
}

/* Whether it is still this process that the state store belongs to. */
#ifdef FAULT_NO_OWNER
#define SUPERSEDED false
#else
#define SUPERSEDED (me.claimed && owner[node(e)] != e)
#endif
/* A process claims the store before its first write; the store is then closed to those before it. */
#define CLAIM \
  if \
  :: !me.claimed -> owner[node(e)] = e; me.claimed = 1 \
  :: else \
  fi

/* What the roles of this node may believe: the time left by the machine's own clock. */
inline publish_record() {
  me.wrote = 1;
  record[node(e)] = (OVER -> 0 : LIFE - me.age);
  me.until = record[node(e)];
#ifdef TIMELY
  leaderless = 0;
#endif
#ifdef WRITES
  recordTerm[node(e)] = (record[node(e)] > 0 && me.sameTerm); recordAgain[node(e)] = 0;
#endif
#ifndef RESTORE /* with that, leases do not last as long as etcd has promised */
  for (i : 0 .. NODES - 1) {
    assert(i == node(e) || record[i] == 0 || record[node(e)] == 0) /* one master */
  }
#endif
}

/*
 * What was not cleared is still believed: until what this process has published runs out, or what the
 * record says when it is another's. (When it cannot be read it counts as a whole TTL, which is longer.)
 */
#ifdef FAULT_START_FORGETS
#define UNCLEARED (me.wrote -> me.until : 0)
#else
#define UNCLEARED (me.wrote -> me.until : record[node(e)])
#endif

/* A key is of this process when its lease was granted to it, ... */
#ifdef FAULT_OURS_BY_VALUE
#define OURS (keyValue == value(e))
#else
#define OURS (leases[keyLease].grantedTo == e)
#endif
/* ... and of a predecessor, which can publish no more, when the own term says so in a store that is ours. */
#ifdef FAULT_PREDECESSOR_BY_ONCE_CLAIMED
#define CONFIRMS false
#define PREDECESSORS (ownTerm[node(e)] && me.claimed)
#else
#define CONFIRMS true
#define PREDECESSORS (ownTerm[node(e)] && owner[node(e)] == e)
#endif
#ifdef FAULT_UNSEEN_PID_IS_DEAD
#define UNSEEN (keyValue != value(e))
#else
#define UNSEEN false
#endif
#define STALE (key && (OURS || PREDECESSORS || UNSEEN))

/* The lease of a term or attempt that is over is revoked, as far as etcd hears of it. */
inline revoke_lease() {
  REQUEST(revoke, value(e), me.lease, 0, 0);
  if
  :: carry_out()
  :: FAULTY -> given_up()
  fi
}

/* A refresh was not answered in time. */
inline unanswered() {
  me.call = idle; me.asked = 0;
  if
  :: !OVER -> T(leader, unreachable, leader, wait)
  :: OVER -> T(leader, unreachable, ending, clear)
  fi;
  carry_on()
}

proctype Manager(byte e) {
  do
  /* the process */
#ifdef TIMELY
  :: atomic { me.state == off -> me.state = follower; me.effect = clear }
#endif
  :: atomic {
    me.state != off && MAY_GO(e) ->
    REQUEST(me.call, value(e), me.lease, me.sameTerm, 0); given_up();
    if
    :: me.removes && me.call == create ->
      REQUEST(removal, value(e), ENDED, 0, me.sameMod); given_up()
    :: else
    fi;
    process_ends()
  }

  /* clear: nobody leads here */
  :: atomic {
    me.effect == clear ->
    if
    :: true -> CLAIM
    :: FAULTY
    fi;
    if
    :: me.claimed && !SUPERSEDED ->
      record[node(e)] = 0; me.until = 0; me.wrote = 1;
      if
      :: me.state == follower -> T(follower, cleared, follower, read)
      :: me.state == ending -> T(ending, cleared, ending, end)
      fi
    :: SUPERSEDED && me.state == follower -> T(follower, superseded, stopping, finish)
    :: SUPERSEDED && me.state == ending -> T(ending, superseded, stopping, finish)
    :: FAULTY -> /* the store takes no writes */
      me.until = UNCLEARED;
      if
      :: me.state == follower -> T(follower, cleared, follower, read)
      :: me.state == ending -> T(ending, cleared, ending, end)
      fi
    fi;
    carry_on()
  }

  /* read */
  :: atomic {
    me.effect == read ->
    if
    :: ownTerm[node(e)] && CONFIRMS && SUPERSEDED -> T(follower, superseded, stopping, finish)
    :: key && !STALE -> T(follower, observed, follower, wait) /* held */
    :: (!key || STALE) && (me.until > 0 || FAULTY) -> T(follower, observed, follower, wait) /* or pauses */
    :: (!key || STALE) && me.until == 0 ->
      me.removes = key; me.sameMod = key;
      T(follower, observed, candidate, stand)
    :: FAULTY -> T(follower, unreachable, follower, wait)
    fi;
    carry_on()
  }

  /* stand: a lease, then the key, and at the same time the removal of a stale one */
  :: atomic {
    me.effect == stand && me.call == grant ->
    if
    :: CONFIRMS && SUPERSEDED -> without_term(); T(candidate, superseded, stopping, finish); carry_on()
    :: !CONFIRMS || !SUPERSEDED || FAULTY -> /* what the store says of it may be known too late, or not at all */
      d_step {
        l = 0;
        do
        :: leases[l].left > 0 -> l++
        :: else -> break
        od;
        leases[l].left = TTL + 1; leases[l].grantedTo = e; me.lease = l; l = 0;
        me.call = create
      }
      tidy()
    :: FAULTY -> without_term(); T(candidate, unreachable, follower, wait); carry_on()
    fi
  }
  :: atomic {
    me.effect == stand && me.call == create && me.removes ->
    REQUEST(removal, value(e), ENDED, 0, me.sameMod); carry_out();
    me.removes = 0; me.sameMod = 0
  }
  :: atomic {
    /* A creation that comes before the removal is sent again after it. */
    me.effect == stand && me.call == create && (!me.removes || !key) ->
    if
    :: me.removes -> REQUEST(removal, value(e), ENDED, 0, me.sameMod); given_up()
    :: else
    fi;
    REQUEST(create, value(e), me.lease, 0, 0); carry_out();
    if
    :: ok ->
      me.call = idle; me.removes = 0; me.sameMod = 0; me.sameTerm = 1;
      me.age = AGE_OF_ANSWER; me.asked = 0;
      if
      :: !OVER -> T(candidate, elected, leader, publish)
      :: OVER -> T(candidate, elected, ending, clear)
      fi
    :: !ok ->
      revoke_lease(); without_term();
      if
      :: T(candidate, outrun, follower, read)
      :: FAULTY -> T(candidate, outrun, follower, clear) /* what was published has run out by itself */
      fi
    :: FAULTY -> without_term(); T(candidate, unreachable, follower, wait) /* the answer is lost */
    fi;
    carry_on()
  }
  :: atomic {
    me.effect == stand && me.call == create && FAULTY ->
    REQUEST(create, value(e), me.lease, 0, 0); given_up();
    if
    :: me.removes -> REQUEST(removal, value(e), ENDED, 0, me.sameMod); given_up()
    :: else
    fi;
    without_term();
    T(candidate, unreachable, follower, wait);
    carry_on()
  }

  /* publish */
  :: atomic {
    me.effect == publish ->
    if
    :: true -> CLAIM
    :: FAULTY
    fi;
    if
    :: me.claimed && !SUPERSEDED ->
      publish_record(); ownTerm[node(e)] = me.sameTerm;
      if
      :: OVER -> T(leader, published, ending, clear)
      :: !OVER && me.age >= DUE -> T(leader, published, leader, refresh)
      :: !OVER && me.age < DUE -> T(leader, published, leader, wait)
      fi
    :: SUPERSEDED -> T(leader, superseded, stopping, finish)
    :: FAULTY -> T(leader, unpublished, ending, clear)
    :: FAULTY && me.claimed && !SUPERSEDED -> /* the store was slow, but took it */
      publish_record(); T(leader, unpublished, ending, clear)
    fi;
    carry_on()
  }

  /* refresh: the lease, then the key */
  :: atomic {
    me.effect == refresh ->
    REQUEST(me.call, value(e), me.lease, me.sameTerm, 0);
    if
    :: carry_out();
      if
      :: !ok -> me.call = idle; me.asked = 0; T(leader, refused, ending, clear); carry_on()
      :: ok && me.call == keepAlive -> me.call = rewrite
      :: ok && me.call == rewrite ->
        me.call = idle; me.age = AGE_OF_ANSWER; me.asked = 0;
        if
        :: !OVER -> T(leader, refreshed, leader, publish)
        :: OVER -> T(leader, refreshed, ending, clear)
        fi;
        carry_on()
      :: FAULTY -> unanswered() /* the answer is lost */
      fi
    :: FAULTY -> given_up(); unanswered()
    fi
  }

  /* end: the key is given up when nobody believes any more */
  :: atomic {
    me.effect == end ->
    if
    :: me.call == release ->
      REQUEST(release, value(e), me.lease, me.sameTerm, 0);
      if
      :: carry_out(); revoke_lease()
      :: FAULTY -> given_up()
      fi
    :: else
    fi;
    without_term();
#ifdef FAULT_RECORD_FORGOTTEN
    me.until = 0;
#endif
    if
    :: me.toStop -> T(ending, ended, stopping, finish)
    :: else -> T(ending, ended, follower, read)
    fi;
    carry_on()
  }

  /* wait */
  :: atomic {
    me.effect == wait && WAKES(e) ->
#ifdef TIMELY
    me.woken = 0;
#endif
    if
    :: me.state == follower && me.until == 0 -> T(follower, woken, follower, read)
    :: me.state == follower && (me.until > 0 || FAULTY) -> T(follower, woken, follower, clear)
    :: me.state == leader -> T(leader, woken, ending, clear) /* its clock was stepped, or it is over */
    :: me.state == leader && !OVER && me.age >= DUE -> T(leader, woken, leader, refresh)
    :: me.state == leader && !OVER && me.age < DUE -> T(leader, woken, leader, wait)
    :: me.state == leader -> T(leader, step-down, ending, clear)
    fi;
    carry_on()
  }
  od
}

#ifdef WRITES
/* ------------------------------------------------------------------ jobs */

/* Every write compares the key with the term: its create revision and its value. */
#if defined(FAULT_NO_FENCE)
#define FENCE(n) true
#elif defined(FAULT_FENCE_BY_REVISION)
#define FENCE(n) (jobTerm[n] || (key && jobAgain[n]))
#else
#define FENCE(n) (jobTerm[n] || (key && jobAgain[n] && keyValue == value(n)))
#endif

proctype Jobs(byte n) {
  do
  :: atomic {
    record[n] > 0 && !job[n] ->
    job[n] = 1; jobTerm[n] = recordTerm[n]; jobAgain[n] = recordAgain[n]
  }
  :: atomic {
    job[n] ->
    if
    :: FENCE(n) ->
      /* It lands in its own term. (Or in one of the same process and revision, which nothing can tell.) */
      assert(jobTerm[n] || (key && jobAgain[n] && keyValue == value(n)))
    :: else
    fi;
    job[n] = 0; jobTerm[n] = 0; jobAgain[n] = 0
  }
#ifdef RESTORE
  /* etcd is restored from a backup of before the key was created: the next key gets its revision again. */
  :: atomic {
    key && !restored ->
    restored = 1;
    saved = recordTerm[0] + 2 * recordTerm[1] + 4 * jobTerm[0] + 8 * jobTerm[1];
    key_gone();
    recordAgain[0] = saved % 2; recordAgain[1] = (saved / 2) % 2;
    jobAgain[0] = (saved / 4) % 2; jobAgain[1] = saved / 8;
    saved = 0; tidy()
  }
#endif
  od
}
#endif

/* ------------------------------------------------------------------ time */

inline machine_tick(e) {
  me.until = (me.until > 0 -> me.until - 1 : 0);
  me.age = (me.state == leader && me.age < LIFE -> me.age + 1 : me.age);
  me.asked =
    ((me.effect == stand || me.effect == refresh) && me.asked < LIFE -> me.asked + 1 : me.asked)
}

/* etcd ends a lease when its time is over, or later. */
#define LEASE_END(id) :: atomic { leases[id].left == 1 -> lease_gone(id) }

#ifdef TIMELY
#define RESTS(e) (el[e].state == off || (el[e].effect == wait && !el[e].woken))
#define QUIET (RESTS(0) && RESTS(1) && leases[0].left != 1 && leases[1].left != 1 && leases[2].left != 1)
#else
#define QUIET true
#endif

proctype Time() {
  do
  :: atomic {
    QUIET ->
    d_step {
      for (l : 0 .. LEASES - 1) { leases[l].left = (leases[l].left > 1 -> leases[l].left - 1 : leases[l].left) }
      for (l : 0 .. NODES - 1) { record[l] = (record[l] > 0 -> record[l] - 1 : 0) }
      machine_tick(0); machine_tick(1);
#if ELECTORS > 2
      machine_tick(2);
#endif
      wake();
      l = 0
    }
#ifdef TIMELY
    if
    :: SOMEBODY_LEADS || (el[0].state == off && el[1].state == off) -> leaderless = 0
    :: else -> leaderless++; assert(leaderless <= BOUND)
    fi
#endif
  }
  LEASE_END(0)
  LEASE_END(1)
  LEASE_END(2)
#if LEASES > 3
  LEASE_END(3)
#endif
#if LEASES > 4
  LEASE_END(4)
#endif
#if LEASES > 5
  LEASE_END(5)
#endif
#if LATE > 0
  LATE_REQUEST(0)
#endif
#if LATE > 1
  LATE_REQUEST(1)
#endif
  od
}

init {
  atomic {
    byte n;
    for (n : 0 .. ELECTORS - 1) { run Manager(n) }
#ifdef WRITES
    for (n : 0 .. NODES - 1) { run Jobs(n) }
#endif
    run Time();
    n = 0
  }
}
