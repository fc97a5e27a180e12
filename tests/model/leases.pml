/* Leases, and what states have in common between which nobody can tell a difference. */

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
