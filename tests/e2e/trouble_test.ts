import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { Node, tempDir } from "./node.ts";
import { outputOf } from "../support/in_time.ts";

const countOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

/** Starts a node against that etcd, waits for the words, and checks that nothing crashed. */
async function expectWords(args: string[], words: RegExp, timeoutMs = 15_000): Promise<string> {
  await using dir = await tempDir();
  await using node = Node.start([`--state-dir=${dir.path}`, "--node-name=n", ...args]);
  await eventually(String(words), () => words.test(node.output), timeoutMs).catch((error) => {
    throw new Error(`${error.message}; it printed:\n${node.output}`);
  });
  assert(!/^\s+at /m.test(node.output), `a stack trace:\n${node.output}`);
  assertEquals(node.ended, null, "the node gave up");
  await node.stop();
  return node.output;
}

Deno.test("an etcd that cannot be reached: one clear message, and the node leads once it is there", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  const output = await expectWords([`--etcd=${url}`], /does not answer .*check that it runs/);
  assert(output.includes(url));
});

Deno.test("something that is no etcd", async () => {
  await using other = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("hello"),
  );
  await expectWords([`--etcd=http://127.0.0.1:${other.addr.port}`], /does not answer/);
});

Deno.test("an etcd behind TLS that does not fit", async () => {
  await using server = await startEtcd();
  await using dir = await tempDir();
  const ca = `${dir.path}/ca.pem`;
  await outputOf("openssl", {
    args: ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "1"]
      .concat(["-keyout", `${dir.path}/key.pem`, "-out", ca]),
    stderr: "null",
  });
  const https = server.url.replace("http:", "https:");
  await expectWords([`--etcd=${https}`, `--etcd-ca-file=${ca}`], /does not answer .*certificates/);
});

Deno.test("a port of the page that is taken: one message, and the page comes when it is free", async () => {
  await using dir = await tempDir();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const etcd = `--etcd=http://127.0.0.1:${freePort()}`;
  await using node = Node.start(
    [`--state-dir=${dir.path}`, etcd],
    {},
    { port },
  );
  await eventually("the message", () => /which is taken: .*--listen/.test(node.output));
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assertEquals(countOf(node.output, /which is taken/g), 1);
  taken.close();
  await node.answer();
});

Deno.test("a state directory that is not writable, or in use: exit code 1 and one line", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(`${dir.path}/file`, "");
  await using node = Node.start([`--state-dir=${dir.path}/file/x`, "--etcd=http://127.0.0.1:1"]);
  await eventually("the end", () => node.ended);
  assertEquals(node.ended!.code, 1);
  assertMatch(node.output, /cannot be written .*--state-dir/);
});

Deno.test("a bad option: exit code 2 and the nearest right one", async () => {
  await using node = Node.start(["--election-tll=3"]);
  await eventually("the end", () => node.ended);
  assertEquals(node.ended!.code, 2);
  assertMatch(node.output, /did you mean --election-ttl\?/);
});

/** A peer that takes every connection and never says a word. */
function silentPeer(): Disposable & { address: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken: Deno.Conn[] = [];
  (async () => {
    for await (const connection of listener) taken.push(connection);
  })().catch(() => {});
  return {
    address: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of taken) connection.close();
    },
  };
}

/** No role may die of another service's silence. */
async function expectPatience(node: Node, problem: RegExp): Promise<void> {
  await eventually(String(problem), async () => {
    const status = await node.status();
    return status?.roles.some(({ alive }) => problem.test(alive?.problem ?? ""));
  }, 30_000);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const { roles } = await node.answer();
  for (const { name, process } of roles) {
    assertEquals(
      [process!.restarts, process!.state],
      [0, "running"],
      `${name}: ${process!.lastEnd}`,
    );
  }
}

Deno.test("an etcd that takes connections and never answers: no role dies of it", async () => {
  await using dir = await tempDir();
  using peer = silentPeer();
  await using node = Node.start([
    `--state-dir=${dir.path}`,
    `--etcd=http://${peer.address}`,
    "--role-timeout=4",
    "--etcd-timeout=15",
  ]);
  await expectPatience(node, /does not answer/);
});

Deno.test("a Neutron and a message bus that never answer: no role dies of it", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  using neutron = silentPeer();
  using bus = silentPeer();
  await using node = Node.start([
    `--state-dir=${dir.path}`,
    `--etcd=${server.url}`,
    `--neutron-url=http://${neutron.address}`,
    "--role-timeout=4",
    "--request-timeout=3",
  ], { CONDUCTOR_TRANSPORT_URL: `rabbit://u:p@${bus.address}/` });
  await expectPatience(node, /the last resync failed/);
});
