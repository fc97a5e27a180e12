import { Etcd3 } from "etcd3";
import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";
import { watchKeys } from "../support/etcd_events.ts";
import { labArgs, lives, Node, tempDir } from "./node.ts";

const FELIX = "/calico/felix/v2/no-region/host/";
const ENDPOINTS = "/calico/resources/v3/projectcalico.org/workloadendpoints/openstack/";
const POLICIES = "/calico/resources/v3/projectcalico.org/networkpolicies/openstack/";
const MIGRATIONS = "/calico/resources/v3/projectcalico.org/livemigrations/openstack/";

Deno.test("with no configuration, a whole cloud runs, and Ctrl-C ends it without a trace", async () => {
  await using dir = await tempDir();
  const lab = labArgs(dir.path);
  await using node = Node.start(lab.args);
  const startedAt = Date.now();
  await eventually("the page", async () => {
    const response = await fetch(node.pageUrl, { signal: AbortSignal.timeout(1000) });
    return (await response.text()).includes("node-1");
  }, 10_000);
  assertWithin(Date.now() - startedAt, 5000, "the page");
  const status = await node.ready();
  assert(status.isMaster);

  const etcd = new Etcd3({ hosts: lab.etcdUrl });
  try {
    const neutron = await (await fetch(`${lab.neutronUrl}/v2.0/ports`)).json();
    const bound = neutron.ports.filter((port: Record<string, unknown>) =>
      String(port.device_owner).startsWith("compute:") && port["binding:host_id"]
    );
    assert(bound.length >= 50, `only ${bound.length} bound ports`);
    await eventually("every bound port has its endpoint", async () => {
      const endpoints = await etcd.getAll().prefix(ENDPOINTS).json() as Record<string, {
        spec: { endpoint: string };
      }>;
      const ids = new Set(Object.values(endpoints).map((value) => value.spec.endpoint));
      return bound.every((port: { id: string }) => ids.has(port.id));
    });
    const groups = await (await fetch(`${lab.neutronUrl}/v2.0/security-groups`)).json();
    const policies = await etcd.getAll().prefix(POLICIES).keys();
    assertEquals(
      policies.sort(),
      groups.security_groups.map((g: { id: string }) => `${POLICIES}ossg.default.${g.id}`).sort(),
    );

    await eventually("every agent is reported", async () => {
      const stats = await (await fetch(`${lab.neutronUrl}/v2.0/agents`)).json();
      return stats.agents.length === 3 && stats.agents.every((a: { alive: boolean }) => a.alive);
    }, 15_000);
    await eventually("every port status is reported", async () => {
      const { ports } = await (await fetch(`${lab.neutronUrl}/v2.0/ports`)).json();
      const ids = new Set(bound.map((port: { id: string }) => port.id));
      return ports.filter((p: { id: string }) => ids.has(p.id))
        .every((p: { status: string }) => p.status === "ACTIVE");
    }, 20_000);
    assert((await etcd.getAll().prefix(FELIX).keys()).length > bound.length);
  } finally {
    etcd.close();
  }

  const processes = await node.tree();
  assert(processes.length >= 8, `${processes.length} processes`);
  const took = await node.stop("SIGINT");
  assertWithin(took, 3000, "the stop");
  assertEquals(node.ended!.code, 0);
  for (const pid of processes) assert(!lives(pid), `process ${pid} is left`);

  // The lab's etcd went last: start it again on its data to see that no election key was left.
  await using etcdAgain = await reopen(dir.path);
  const after = new Etcd3({ hosts: etcdAgain.url });
  try {
    const left = await after.getAll().prefix("/calico/openstack/").keys();
    assertEquals(left.map((key) => key.replace(/\d{20}$/, "…")), [
      "/calico/openstack/v2/no-region/conductor/felix-hosts",
      "/calico/openstack/v2/no-region/conductor/terms/…",
    ], "only the history of terms and the hosts that were seen stay");
  } finally {
    after.close();
  }
  assertMatch(node.output, /INFO\s+manager\[\d+\] /);
  assert(!/password|lab-secret/i.test(node.output), "a secret in the log");
});

/** The lab's etcd, opened again on the data that it left. */
async function reopen(stateDir: string): Promise<AsyncDisposable & { url: string }> {
  const { freePort } = await import("../support/etcd_server.ts");
  const url = `http://127.0.0.1:${freePort()}`;
  const child = new Deno.Command("etcd", {
    args: [
      `--data-dir=${stateDir}/etcd`,
      "--force-new-cluster",
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=http://127.0.0.1:${freePort()}`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await eventually("etcd again", async () => {
    const response = await fetch(`${url}/health`);
    return (await response.text()).includes("true");
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

// grpc-js keeps the deadline timers of a cancelled watch for a while.
const GRPC = { sanitizeOps: false, sanitizeResources: false };

Deno.test("the first lines of a lab whose etcd starts slowly are no warnings", async () => {
  await using dir = await tempDir();
  const bin = `${dir.path}/bin`;
  await Deno.mkdir(bin);
  const path = Deno.env.get("PATH")!;
  // Longer than the manager takes to begin.
  await Deno.writeTextFile(`${bin}/etcd`, `#!/bin/sh\nsleep 4\nPATH='${path}' exec etcd "$@"\n`, {
    mode: 0o755,
  });
  await using node = Node.start(labArgs(`${dir.path}/state`).args, { PATH: `${bin}:${path}` });
  await node.ready(30_000);
  assertMatch(node.output, /lab etcd is up/);
  const warnings = node.output.split("\n").filter((line) => / (WARN|ERROR) /.test(line))
    // What an older runtime of the binary lacks, it says itself.
    .filter((line) => !line.includes("Not implemented: "));
  assertEquals(warnings, []);
});

Deno.test(
  "a live migration runs from Neutron's API through etcd to Nova and back",
  GRPC,
  async () => {
    await using dir = await tempDir();
    const lab = labArgs(dir.path);
    await using node = Node.start([...lab.args, "--resync-interval=1"]);
    await node.ready();
    const etcd = new Etcd3({ hosts: lab.etcdUrl });
    const keysOf = async (prefix: string, part: string) =>
      (await etcd.getAll().prefix(prefix).keys()).filter((key) => key.includes(part));
    try {
      const { ports } = await (await fetch(`${lab.neutronUrl}/v2.0/ports`)).json();
      const port = ports.find((p: Record<string, unknown>) => p["binding:host_id"]);
      const id = port.id.replaceAll("-", "--");
      await eventually("its endpoint", async () => (await keysOf(ENDPOINTS, id)).length === 1);
      const target = ["host-1", "host-2", "host-3"].find((h) => h !== port["binding:host_id"])!;
      const seen = new Set<string>();
      await using _watch = await watchKeys(etcd, MIGRATIONS, ({ type, key }) => {
        seen.add(`${type} ${key}`);
      });
      const response = await fetch(`${lab.neutronUrl}/v2.0/ports/${port.id}`, {
        method: "PUT",
        body: JSON.stringify({ port: { "binding:profile": { migrating_to: target } } }),
      });
      assertEquals(response.status, 200);
      await response.body?.cancel();
      await eventually("Nova was told and has moved the port", async () => {
        const answer = await (await fetch(`${lab.neutronUrl}/v2.0/ports/${port.id}`)).json();
        return answer.port["binding:host_id"] === target;
      }, 20_000);
      const name = `${target.replaceAll("-", "--")}-openstack-`;
      await eventually("only the target's endpoint is left", async () => {
        const [key, ...others] = await keysOf(ENDPOINTS, id);
        return key?.includes(`/${name}`) && others.length === 0;
      }, 20_000);
      await eventually("no migration is left", async () => !(await keysOf(MIGRATIONS, id)).length);
      const events = await eventually("what became of it", () => {
        const events = [...seen].filter((event) => event.includes(id));
        return events.length > 1 && events;
      });
      assertEquals(events.map((event) => event.split(" ")[0]), ["Put", "Delete"]);
      assert(
        events.every((event) => event.includes(`/${name}`)),
        "named like the target's endpoint",
      );
    } finally {
      etcd.close();
    }
  },
);

Deno.test(
  "resync on the command line: a dry run, one port, all of it, and a bad name",
  GRPC,
  async () => {
    await using dir = await tempDir();
    const lab = labArgs(dir.path);
    await using node = Node.start([
      ...lab.args,
      "--resync-interval=3600",
      "--incremental-interval=0",
    ]);
    await node.ready();
    const etcd = new Etcd3({ hosts: lab.etcdUrl });
    try {
      const keys = await eventually("all endpoints", async () => {
        const found = await etcd.getAll().prefix(ENDPOINTS).keys();
        return found.length >= 50 && found;
      });
      await etcd.delete().key(keys[0]!);
      await etcd.delete().key(keys[1]!);
      const port = keys[0]!.split("-").slice(-9).join("-").replaceAll("--", "-");
      const dry = await node.command("resync", "--dry-run");
      assertEquals(dry.code, 4);
      assertMatch(dry.text, new RegExp(`create ${keys[0]}\\n`));
      assertEquals(await etcd.get(keys[0]!).string(), null, "a dry run writes nothing");
      const narrow = await node.command("resync", `--port=${port}`, "--output=json");
      assertEquals(JSON.parse(narrow.text).kinds.WorkloadEndpoint.created, 1);
      assert(await etcd.get(keys[0]!).string());
      assertEquals(await etcd.get(keys[1]!).string(), null, "only what was named");
      const full = await node.command("resync");
      assertMatch(full.text, /WorkloadEndpoint +\d+ +1 +0 +0 +0/);
      assert(await etcd.get(keys[1]!).string());
      assertEquals((await node.command("resync", "--port=a/b")).code, 2);
      const unknown = await node.command("resync", `--port=${crypto.randomUUID()}`);
      assertEquals(unknown.code, 1);
      assertMatch(unknown.text, /failed: neither Neutron nor etcd knows port .*: nothing matches/);
    } finally {
      etcd.close();
    }
  },
);

Deno.test("incremental resyncs bring a change within their interval", GRPC, async () => {
  await using dir = await tempDir();
  const lab = labArgs(dir.path);
  await using node = Node.start([
    ...lab.args,
    "--resync-interval=3600",
    "--incremental-interval=1",
  ]);
  await node.ready();
  const etcd = new Etcd3({ hosts: lab.etcdUrl });
  try {
    const { networks } = await (await fetch(`${lab.neutronUrl}/v2.0/networks`)).json();
    for (const { id } of networks) {
      const response = await fetch(`${lab.neutronUrl}/v2.0/networks/${id}`, {
        method: "PUT",
        body: JSON.stringify({ network: { name: "renamed" } }),
      });
      await response.body?.cancel();
    }
    await eventually("every endpoint shows it", async () => {
      const values = Object.values(await etcd.getAll().prefix(ENDPOINTS).strings());
      return values.length >= 50 &&
        values.every((text) =>
          text.includes('"openstack-network-name":"renamed"') ||
          text.includes('/openstack-network-name":"renamed"')
        );
    });
    await eventually(
      "the history has it",
      async () => (await node.status())?.resyncs.some(({ reason }) => reason === "incremental"),
    );
  } finally {
    etcd.close();
  }
});
