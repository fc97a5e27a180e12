/* What an elector does and knows, by which its loop (manager.pml) goes. */

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
    me.state = follower; me.effect = clear; /* one that is not there is like one that stands still */
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
  :: MAY_STOP(e) && me.state == leader -> me.toStop = 1; T(leader, stop, ending, clear)
  :: MAY_STOP(e) && me.state == ending && me.effect == clear ->
    me.toStop = 1; T(ending, stop, ending, clear)
  :: MAY_STOP(e) && me.state == ending && me.effect == end ->
    me.toStop = 1; T(ending, stop, ending, end)
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
/* ... and of a predecessor, which can publish no more, when the own term says so and the store is ours. */
#ifdef FAULT_PREDECESSOR_BY_ONCE_CLAIMED
#define CONFIRMS false
#define PREDECESSORS (ownTerm[node(e)] && me.claimed)
#else
#define CONFIRMS true
#define PREDECESSORS (ownTerm[node(e)] && me.claimed && owner[node(e)] == e)
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
