/* The process of a manager with the loop of its elector. */

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
    :: (!key || STALE) && (me.until > 0 || FAULTY) -> /* not yet, or it pauses after a term */
      T(follower, observed, follower, wait)
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
    :: !CONFIRMS || !SUPERSEDED || FAULTY -> /* or it is known too late, or not at all */
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
      :: !ok -> me.call = idle; me.asked = 0; T(leader, conflict, ending, clear); carry_on()
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
