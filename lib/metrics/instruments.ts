/**
 * What the roles measure themselves: one table. A role's {@linkcode Meter} keeps the numbers, the state
 * store carries them to the page's process, which adds the prefix `conductor_` and shows them at
 * `/metrics`. Names and units follow Prometheus's naming guide: base units, the unit at the end,
 * counters without `_total`, which the exposition adds.
 *
 * @module
 */

/** One thing that is measured. */
export interface Instrument {
  readonly type: "counter" | "histogram";
  /** A sentence, without a full stop. */
  readonly help: string;
  /** Names of its labels. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending; +Inf is added. */
  readonly buckets?: readonly number[];
  /** Measured in several roles: the role's name is a label. */
  readonly perRole?: boolean;
}

/** From a call on one machine to one that times out, s. */
const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** From a small cloud's resync to a large one's, s. */
const RESYNC_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];
/** From at once to a backlog that is called stale, s. */
const DELAY_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The table; the key is the name after `conductor_`. */
export const INSTRUMENTS = {
  resync_duration_seconds: {
    type: "histogram",
    help: "Duration of resyncs from Neutron to etcd",
    labels: ["reason", "outcome"],
    buckets: RESYNC_SECONDS,
  },
  resync_phase_duration_seconds: {
    type: "histogram",
    help: "Time that a resync spent in a phase for one kind of object; phases overlap",
    labels: ["kind", "phase"],
    buckets: RESYNC_SECONDS,
  },
  resyncs_held_back: {
    type: "counter",
    help: "Resyncs that deleted nothing of a collection, because a guard held",
    labels: ["collection", "why"],
  },
  status_report_duration_seconds: {
    type: "histogram",
    help: "Time from sending status reports to Neutron to their acceptance or failure",
    labels: ["kind", "outcome"],
    buckets: CALL_SECONDS,
  },
  agent_status_delay_seconds: {
    type: "histogram",
    help: "Age of agent status when it was seen live",
    labels: [],
    buckets: DELAY_SECONDS,
  },
  port_status_delay_seconds: {
    type: "histogram",
    help: "Time from seeing an endpoint's status live to Neutron's acceptance of the port's",
    labels: [],
    buckets: DELAY_SECONDS,
  },
  bus_messages_not_understood: {
    type: "counter",
    help: "Messages of the bus that were not understood, by what they were taken for",
    labels: ["kind"],
    perRole: true,
  },
  etcd_request_duration_seconds: {
    type: "histogram",
    help: "Duration of calls to etcd, streams left out",
    labels: ["method", "code"],
    buckets: CALL_SECONDS,
    perRole: true,
  },
  etcd_watches_not_attached: {
    type: "counter",
    help: "Watches that etcd did not attach: refused, broken off, or not within 5 s",
    labels: [],
    perRole: true,
  },
  neutron_requests_under_way: {
    type: "histogram",
    help: "Requests to Neutron under way at a time when one was sent, itself among them",
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32, 64],
    perRole: true,
  },
  neutron_slowdowns: {
    type: "counter",
    help: "Times that fewer requests to Neutron at a time were allowed than before, and why",
    labels: ["reason"],
    perRole: true,
  },
  election_duration_seconds: {
    type: "histogram",
    help: "Time from finding no holder of the election key to being published as master",
    labels: [],
    buckets: CALL_SECONDS,
  },
  election_call_duration_seconds: {
    type: "histogram",
    help: "Duration of the elector's calls to etcd: keep_alive and refresh hold the term",
    labels: ["call", "outcome"],
    buckets: CALL_SECONDS,
  },
  terms_started: {
    type: "counter",
    help: "Terms of mastership that this node began",
    labels: [],
  },
  http_request_duration_seconds: {
    type: "histogram",
    help: "Time to answer requests to the page, until the body begins",
    labels: ["route", "code"],
    buckets: CALL_SECONDS,
  },
  event_loop_delay_seconds: {
    type: "histogram",
    help: "How late a role's timer ran, looked at four times a second",
    labels: [],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    perRole: true,
  },
} as const satisfies Record<string, Instrument>;

/** Name of an instrument. */
export type InstrumentName = keyof typeof INSTRUMENTS;
