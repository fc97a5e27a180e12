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

#include "leases.pml"
#include "etcd.pml"
#include "elector.pml"
#include "manager.pml"
#include "jobs.pml"
#include "time.pml"

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
