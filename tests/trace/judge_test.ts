import { assertEquals, assertMatch } from "../support/assert.ts";
import { judgeTrace } from "../../lib/trace/judge.ts";
import { reasonSentence } from "../../lib/trace/sentences.ts";
import { formatTrace } from "../../lib/trace/text.ts";
import {
  type CloudAccount,
  type CloudPort,
  type NodeAccount,
  REASONS,
} from "../../lib/trace/trace.ts";
import {
  cloudAccount,
  cloudPort,
  fullTrace,
  neutronPort,
  nodeAccount,
  PORT,
  report,
} from "./trace_fixture.ts";

/** The verdict and the reasons of a port. */
function judged(
  port: Partial<CloudPort>,
  cloud: Partial<CloudAccount> = {},
  node: NodeAccount | null = nodeAccount(),
): string[] {
  const trace = judgeTrace(cloudAccount({ ...cloud, ports: [cloudPort(port)] }), node);
  const [{ verdict, reasons }] = trace.ports as [typeof trace.ports[0]];
  return [
    trace.verdict === verdict ? verdict : `${verdict} in ${trace.verdict}`,
    ...reasons.map(({ is }) => is),
  ];
}

const NOTHING: Partial<CloudPort> = { objects: [], isServed: false, felix: [] };
const missing = { ...cloudPort().objects[0]!, action: "create" as const, stored: null };
const unwanted = { ...cloudPort().objects[0]!, action: "delete" as const, wanted: null };

Deno.test("a port on which all agree needs no reason", () => {
  assertEquals(judged({}), ["agrees"]);
});

Deno.test("a port that is not served says why, and agrees when nothing is there", () => {
  const neutron = (changes: Parameters<typeof neutronPort>[0]) => ({
    ...NOTHING,
    neutron: neutronPort(changes),
  });
  assertEquals(judged({ ...NOTHING, neutron: null }), ["agrees", "not-in-neutron"]);
  assertEquals(judged(neutron({ deviceOwner: "network:dhcp" })), ["agrees", "not-a-vm"]);
  assertEquals(judged(neutron({ host: "", vifType: "unbound" })), ["agrees", "unbound"]);
  assertEquals(judged({ neutron: neutronPort({ vifType: "binding_failed" }) }), [
    "agrees",
    "binding-failed",
  ]);
});

Deno.test("what differs says who would have to write it, and why nobody does", () => {
  const why = (node: NodeAccount | null) => judged({ objects: [missing] }, {}, node);
  assertEquals(why(nodeAccount()), ["differs", "due"]);
  assertEquals(why(null), ["differs", "unexplained"]);
  assertEquals(why(nodeAccount({ leads: false, leader: null })), ["differs", "no-leader"]);
  assertEquals(why(nodeAccount({ leads: false, leader: "n2:1" })), ["differs", "ask-leader"]);
  assertEquals(why(nodeAccount({ leads: false, leader: null, isElectionKnown: false })), [
    "differs",
    "unexplained",
  ]);
  assertEquals(why(nodeAccount({ watches: true })), ["differs", "watching"]);
  assertEquals(why(nodeAccount({ runError: "Neutron says 500" })), ["differs", "run-failed"]);
});

Deno.test("what a guard keeps says so, whichever run it was", () => {
  const guard = { collection: "ports", why: "many" as const, held: 9, lost: 5, names: [] };
  const port = { neutron: null, isServed: false, objects: [unwanted] };
  assertEquals(judged(port, { guards: [guard] }), ["differs", "not-in-neutron", "guarded"]);
  assertEquals(judged(port, {}, nodeAccount({ guards: [guard] })), [
    "differs",
    "not-in-neutron",
    "guarded",
  ]);
  assertEquals(judged(port), ["differs", "not-in-neutron", "due"]);
});

Deno.test("a record that is not understood leaves its port unknown; a part that is left out is told", () => {
  const left = { collection: "ports", total: 1, names: [`${PORT}: mac_address: is none`] };
  assertEquals(
    judged(NOTHING, { leftOut: [{ ...left, why: "not-understood" }] }),
    ["unknown", "not-understood"],
  );
  assertEquals(judged({}, { leftOut: [{ ...left, why: "not-expressible" }] }), [
    "agrees",
    "left-out",
  ]);
});

Deno.test("the status counts at the host that the port is bound to", () => {
  const status = (shown: string, node = nodeAccount(), felix = cloudPort().felix) =>
    judged({ neutron: neutronPort({ status: shown }), felix }, {}, node);
  const as = (status: "ACTIVE" | "DOWN" | "ERROR") =>
    cloudPort().felix.map((one) => ({ ...one, status }));
  const differing = (why: "waiting" | "failed") => ({
    host: "host-2",
    port: PORT,
    status: "ACTIVE",
    why,
    since: 1,
    attempts: 1,
    error: "no",
  });
  assertEquals(status("DOWN"), ["differs", "status-differs"]);
  assertEquals(status("BUILD", nodeAccount({ differing: [differing("waiting")] })), [
    "differs",
    "status-waiting",
  ]);
  assertEquals(status("DOWN", nodeAccount({ differing: [differing("failed")] })), [
    "differs",
    "status-failed",
  ]);
  assertEquals(status("DOWN", nodeAccount(), as("ERROR")), ["agrees", "status-error"]);
  assertEquals(status("ACTIVE", nodeAccount(), as("DOWN")), ["differs", "status-differs"]);
  assertEquals(status("ACTIVE", nodeAccount(), []), ["agrees", "no-felix-status"]);
  const elsewhere = as("DOWN").map((one) => ({ ...one, host: "host-9" }));
  assertEquals(status("ACTIVE", nodeAccount(), [...as("ACTIVE"), ...elsewhere]), ["agrees"]);
  const silent = { agents: [{ host: "host-2", time: 1, state: "stale" as const }] };
  assertEquals(judged({}, silent), ["agrees", "agent-silent"]);
});

Deno.test("what could not be asked leaves the whole unknown, and what differs all the same differs", () => {
  const cloud = { isCompared: false, troubles: ["Neutron cannot be asked"] };
  assertEquals(judged(NOTHING, cloud), ["unknown", "not-compared"]);
  assertEquals(judged({}, { troubles: ["Felix cannot be asked"] }), ["agrees in unknown"]);
  assertEquals(judged({}, { troubles: ["Felix cannot be asked"], agents: [] }), ["unknown"]);
  const none = cloudAccount({ ports: [] });
  assertEquals(judgeTrace(none, null).verdict, "nothing");
  assertEquals(judgeTrace({ ...none, ...cloud }, null).verdict, "unknown");
  const elsewhere = [{ key: "k", namespace: "openstack-r", modRevision: "1" }];
  // A resync of this region writes nothing there.
  assertEquals(judged({ elsewhere }), ["differs", "other-namespace"]);
  assertEquals(judged({ elsewhere, objects: [missing] }), ["differs", "other-namespace", "due"]);
});

Deno.test("every reason has a sentence, and no text of others reaches the terminal as a command", () => {
  for (const is of REASONS) {
    assertMatch(reasonSentence({ is, detail: "detail." }), /^[A-Zd][^\n]+[^.]\.$/);
  }
  const text = formatTrace(fullTrace("\x1b[31m\x9b31m\u202e\nevil"));
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/.test(text), false);
  assertMatch(text, /… and 7 more ports/);
  assertMatch(text, /should not be there, held back \(rev 12\)/);
  for (const line of text.split("\n")) assertEquals(line === "evil", false);
});

Deno.test("ports that differ are told first, then those that are not known, each in their order", () => {
  const other = (id: string, port: Partial<CloudPort>) => cloudPort({ ...port, id });
  const ports = [
    other("a", {}),
    other("b", { objects: [missing] }),
    other("c", {}),
    other("d", { objects: [missing] }),
  ];
  const { ports: told } = judgeTrace(cloudAccount({ ports }), nodeAccount());
  assertEquals(told.map(({ id, verdict }) => `${id} ${verdict}`), [
    "b differs",
    "d differs",
    "a agrees",
    "c agrees",
  ]);
});

Deno.test("a port that another region's namespace alone has differs in nothing", () => {
  const elsewhere = [{ key: "k", namespace: "openstack-region-x", modRevision: "1" }];
  const foreign = { ...NOTHING, neutron: null, keys: [], elsewhere };
  assertEquals(judged(foreign), ["agrees", "not-in-neutron", "other-region"]);
  assertEquals(judged(foreign, { isCompared: false }), ["unknown", "not-compared", "other-region"]);
});

Deno.test("what Neutron was told is said, not what Felix reports; and what a failed run may have changed", () => {
  const text = (node: Partial<NodeAccount>) =>
    formatTrace(judgeTrace(cloudAccount(), nodeAccount(node)));
  const at = new Date(report().at).toISOString();
  const told = (changes: Parameters<typeof report>[0]) =>
    /told +(.*)/.exec(text({ reports: [report(changes)] }))![1];
  assertEquals(told({}), `ACTIVE of host-2, at ${at}`);
  const down = { status: "ERROR", told: "DOWN" } as const;
  assertEquals(told(down), `DOWN of host-2, as Felix reports ERROR, at ${at}`);
  assertEquals(
    told({ ...down, gone: true, error: "503" }),
    `DOWN of host-2, as its endpoint is gone, at ${at}; not taken: 503`,
  );
  const { kind, key } = cloudPort().objects[0]!;
  const change = { subject: PORT, run: "abc", at: 0, reason: "startup", kind, key, changes: [] };
  const changed = (isWritten: boolean) =>
    text({ changes: [{ ...change, action: "create", isWritten }] });
  assertMatch(changed(true), /last run to change it: abc \(startup\)/);
  assertMatch(changed(false), /which failed and may not have: abc/);
  const announced = { ...change, run: null, reason: "announced", isWritten: true } as const;
  assertMatch(
    text({ changes: [{ ...announced, action: "update" }] }),
    /changed last as Neutron announced it, 1970-01-01T00:00:00.000Z: update of/,
  );
});

Deno.test("what etcd could not be asked for is not known, rather than not there", () => {
  const port = cloudPort({ ...NOTHING, keys: [] });
  const text = (changes: Partial<CloudAccount>) =>
    formatTrace(judgeTrace(cloudAccount({ ports: [port], ...changes }), null));
  const away = text({
    isCompared: false,
    isSearched: false,
    agents: [],
    troubles: ["etcd is away"],
  });
  assertMatch(away, /^ {2}etcd +not known$/m);
  assertMatch(away, /^ {2}Felix +not known at host-2; its agent: not asked$/m);
  const there = text({});
  assertMatch(there, /^ {2}etcd +nothing there$/m);
  assertMatch(there, /^ {2}Felix +no report at host-2; its agent: fresh/m);
});
