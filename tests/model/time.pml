/* Time, and what happens by itself in it. */

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
      for (l : 0 .. LEASES - 1) {
        leases[l].left = (leases[l].left > 1 -> leases[l].left - 1 : leases[l].left)
      }
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
