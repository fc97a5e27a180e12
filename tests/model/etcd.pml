/* etcd: the election key, and the network to it. */

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
