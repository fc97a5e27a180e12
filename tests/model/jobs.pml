/* What jobs of the leader write, under the fence. */

#ifdef WRITES
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
