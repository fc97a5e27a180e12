import { Buffer } from "node:buffer";
import { Duplex, PassThrough } from "node:stream";
import { Etcd3 } from "etcd3";
import { openEtcd } from "../../lib/etcd/client.ts";
import { FilteredSocket, filterFrames } from "../../lib/etcd/frame_filter.ts";
import { poolOf } from "../../lib/etcd/pool.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { makeCertificate } from "../support/certificates.ts";
import { freePort } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";

const GRPC = { sanitizeOps: false, sanitizeResources: false };
const DATA = 0;
const GOAWAY = 7;

function frame(type: number, length: number): Buffer {
  const header = Buffer.from([length >> 16, length >> 8 & 255, length & 255, type, 0, 0, 0, 0, 1]);
  return Buffer.concat([header, Buffer.alloc(length, GOAWAY)]);
}

/** What comes through when the bytes arrive in pieces of that size. */
async function through(bytes: Buffer, size: number): Promise<{ length: number; cut: boolean }> {
  const inner = new PassThrough();
  const filtered = new FilteredSocket(inner);
  let length = 0;
  filtered.on("data", (chunk: Buffer) => length += chunk.length);
  for (let at = 0; at < bytes.length; at += size) {
    inner.emit("data", bytes.subarray(at, at + size));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const cut = filtered.destroyed;
  filtered.destroy();
  return { length, cut };
}

for (const size of [1, 4, 9, 10, 1000]) {
  Deno.test(`frames in pieces of ${size} bytes pass until the end is announced`, GRPC, async () => {
    const data = [frame(DATA, 0), frame(DATA, 30), frame(1, 300)];
    const all = Buffer.concat(data);
    assertEquals(await through(all, size), { length: all.length, cut: false });
    const { length, cut } = await through(Buffer.concat([all, frame(GOAWAY, 8), ...data]), size);
    assert(cut && length < all.length + 9, `${length} of ${all.length}, cut ${cut}`);
  });
}

Deno.test("frames that are given while one is written are written together, in order", async () => {
  const writes: string[] = [];
  class Inner extends Duplex {
    override _read() {}
    override _write(chunk: Buffer, _: BufferEncoding, done: () => void) {
      writes.push(chunk.toString());
      setTimeout(done, 0);
    }
    override _writev(chunks: { chunk: Buffer }[], done: () => void) {
      writes.push(chunks.map(({ chunk }) => chunk.toString()).join("+"));
      setTimeout(done, 0);
    }
  }
  const filtered = new FilteredSocket(new Inner());
  const written = ["a", "b", "c", "d"].map((text) =>
    new Promise((resolve) => filtered.write(Buffer.from(text), resolve))
  );
  await Promise.all(written);
  assertEquals(writes, ["a", "b+c+d"]);
  filtered.destroy();
});

for (const authenticator of [{}, { credentials: {} }]) {
  const there = Object.keys(authenticator).join() || "none";
  Deno.test(`a library with ${there} of the names that the filter leans on is refused`, () => {
    const etcd = new Etcd3({ hosts: "http://127.0.0.1:1" });
    Object.assign(poolOf(etcd), { authenticator });
    let refused: unknown = null;
    try {
      filterFrames(etcd);
    } catch (error) {
      refused = error;
    }
    assert(refused instanceof TypeError && /cannot be used/.test(refused.message), String(refused));
    etcd.close();
  });
}

Deno.test("TLS to an address: the certificate's addresses are checked", GRPC, async () => {
  const dir = await Deno.makeTempDir({ prefix: "etcd-tls-" });
  const { cert, key } = await makeCertificate(dir, "etcd");
  const [port, peer] = [freePort(), freePort()];
  const url = `https://127.0.0.1:${port}`;
  const wrong = `https://127.0.0.2:${port}`;
  const process = new Deno.Command("etcd", {
    args: [
      `--data-dir=${dir}/data`,
      `--listen-client-urls=${url},${wrong}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=default=http://127.0.0.1:${peer}`,
      `--cert-file=${cert}`,
      `--key-file=${key}`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const open = (endpoint: string) =>
    openEtcd({ ...testConfig().etcd, endpoints: [endpoint], caFile: cert });
  const [etcd, other] = [open(url), open(wrong)];
  try {
    await eventually("a put over TLS", async () => await etcd.put("a").value("b").exec());
    assertEquals(await etcd.get("a").string(), "b");
    const refused = await other.get("a").string().catch((error) => String(error));
    assert(/127\.0\.0\.2|altnames|NotValidForName/i.test(String(refused)), String(refused));
  } finally {
    etcd.close();
    other.close();
    process.kill("SIGKILL");
    await process.status;
    await Deno.remove(dir, { recursive: true });
  }
});
