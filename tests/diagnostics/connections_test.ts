import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { type Admission, Connections } from "../../lib/diagnostics/connections.ts";
import { openListener } from "../../lib/diagnostics/listener.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { makeCertificate } from "../support/certificates.ts";
import { tempDir } from "../support/temp_dir.ts";

/** As much of a socket as is looked at. */
class Wire extends EventEmitter {
  isOpen = true;

  constructor(readonly remoteAddress: string, readonly remotePort: number) {
    super();
  }

  destroy(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.emit("close");
  }
}

let ports = 0;

function connect(to: Connections, address: string): { wire: Wire; came: Admission } {
  const wire = new Wire(address, ++ports);
  return { wire, came: to.add(wire as unknown as Socket) };
}

function many(to: Connections, address: string, times: number): Wire[] {
  return Array.from({ length: times }, () => connect(to, address).wire);
}

const open = (wires: readonly Wire[]) => wires.filter(({ isOpen }) => isOpen).length;
const socketOf = (wire: Wire) => wire as unknown as Socket;

Deno.test("a client at its limit loses the connection that was idle longest, and no other's", () => {
  const all = new Connections({ max: 100, maxOfClient: 3, maxOfLoopback: 5 });
  const other = many(all, "192.0.2.2", 3);
  const [one, two, three] = many(all, "192.0.2.1", 3);
  const answered = all.answer(socketOf(one!));
  assertEquals(connect(all, "192.0.2.1").came, "another was closed");
  assertEquals([one!.isOpen, two!.isOpen, three!.isOpen], [true, false, true]);
  answered();
  connect(all, "192.0.2.1");
  assertEquals([one!.isOpen, three!.isOpen], [true, false], "that was busy a moment ago");
  assertEquals(open(other), 3);
  assertEquals(open(many(all, "::1", 9)), 5, "this machine has more");
  const v6 = [...many(all, "2001:db8::1", 2), ...many(all, "2001:db8::2", 2)];
  assertEquals(open(v6), 3, "a /64 is one client");
  assertEquals(all.size, 3 + 3 + 5 + 3);
});

Deno.test("a client whose connections are all busy is refused another one", () => {
  const all = new Connections({ max: 100, maxOfClient: 2, maxOfLoopback: 2 });
  const busy = many(all, "192.0.2.1", 2);
  for (const wire of busy) all.answer(socketOf(wire));
  const { wire, came } = connect(all, "192.0.2.1");
  assertEquals([came, wire.isOpen, open(busy)], ["refused", false, 2]);
  assertEquals(connect(all, "192.0.2.2").came, "taken");
  busy[0]!.destroy();
  assertEquals(connect(all, "192.0.2.1").came, "taken");
});

Deno.test("when all are taken, who has fewer gets a place of who has most", () => {
  const all = new Connections({ max: 10, maxOfClient: 8, maxOfLoopback: 8 });
  const greedy = many(all, "192.0.2.1", 7);
  const modest = many(all, "192.0.2.2", 3);
  assertEquals(connect(all, "192.0.2.3").came, "another was closed");
  assertEquals([open(greedy), open(modest), greedy[0]!.isOpen], [6, 3, false]);
  assertEquals(connect(all, "192.0.2.1").came, "refused", "it has most itself");
  for (const wire of greedy) all.answer(socketOf(wire));
  assertEquals(connect(all, "192.0.2.4").came, "another was closed");
  assertEquals(
    [open(greedy), open(modest)],
    [6, 2],
    "of the next one, as all of the first are busy",
  );
  assertEquals(all.size, 10);
  for (let i = 0; i < 200; i++) connect(all, `198.51.100.${i}`);
  assertEquals(all.size, 10);
});

Deno.test("what has closed, or was never taken, changes nothing; after the end all are closed", () => {
  const all = new Connections({ max: 2, maxOfClient: 2, maxOfLoopback: 2 });
  const [one, two] = many(all, "192.0.2.1", 2);
  const answered = all.answer(socketOf(one!));
  one!.destroy();
  answered();
  all.answer(new Wire("192.0.2.9", 1) as unknown as Socket)();
  assertEquals(all.size, 1);
  all.closeAll();
  assertEquals([two!.isOpen, all.size], [false, 0]);
  assertEquals(connect(all, "192.0.2.1").came, "refused");
});

const LOCAL = { host: "127.0.0.1", port: 0, tls: null };

/** Opens connections and sends nothing on them. */
async function idle(port: number, times: number): Promise<DisposableStack> {
  const opened = new DisposableStack();
  for (let i = 0; i < times; i++) {
    opened.use(await Deno.connect({ hostname: "127.0.0.1", port }));
  }
  return opened;
}

Deno.test("a thousand idle connections shut nobody out, not even from the same address", async () => {
  const crowd: string[] = [];
  const crowded = (address: string) => crowd.push(address);
  const patient = { headersTimeoutMs: 3_600_000, requestTimeoutMs: 3_600_000, idleTimeoutMs: 0 };
  const options = { ...patient, crowded };
  await using listener = await openListener(() => new Response("x"), LOCAL, options);
  using held = await idle(listener.port, 1000);
  const response = await fetch(`http://127.0.0.1:${listener.port}/`);
  assertEquals(await response.text(), "x");
  assert(crowd.length >= 500, `${crowd.length}`);
  assertEquals(new Set(crowd), new Set(["127.0.0.1"]));
  held.dispose();
  await eventually("their places are free again", async () => {
    crowd.length = 0;
    using _one = await idle(listener.port, 1);
    await (await fetch(`http://127.0.0.1:${listener.port}/`)).body?.cancel();
    return crowd.length === 0;
  });
});

Deno.test("with TLS, connections without a handshake shut nobody out, and what is answered stays", async () => {
  await using dir = await tempDir();
  const files = await makeCertificate(dir.path, "one");
  const tls = {
    cert: await Deno.readTextFile(files.cert),
    key: await Deno.readTextFile(files.key),
  };
  const answering = Promise.withResolvers<void>();
  let asked = 0;
  const slow = async () => {
    asked++;
    await answering.promise;
    return new Response("x");
  };
  await using listener = await openListener(slow, { ...LOCAL, tls }, {
    headersTimeoutMs: 3_600_000,
    requestTimeoutMs: 3_600_000,
    maxOfLoopback: 5,
  });
  using client = Deno.createHttpClient({ caCerts: [tls.cert] });
  const answer = fetch(`https://127.0.0.1:${listener.port}/`, { client });
  await eventually("it is being answered", () => asked === 1);
  using _held = await idle(listener.port, 20);
  const another = fetch(`https://127.0.0.1:${listener.port}/`, { client });
  await eventually("another one is", () => asked === 2);
  answering.resolve();
  for (const response of await Promise.all([answer, another])) {
    assertMatch(await response.text(), /^x$/);
  }
});
