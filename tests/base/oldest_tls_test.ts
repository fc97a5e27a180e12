/** Nobody speaks a TLS older than 1.2: real servers that offer only 1.1, and clients that offer only that. */
import { TOO_OLD_TLS } from "../../lib/base/oldest_tls.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { dial } from "../../lib/bus/link.ts";
import { openListener } from "../../lib/diagnostics/listener.ts";
import { readPage } from "../../lib/diagnostics/page_client.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { discard } from "../../lib/openstack/http.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { makeCertificate } from "../support/certificates.ts";
import { speaks, startOldTls } from "../support/old_tls_server.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers of connections beyond the end of its client; the runtime those of a refused handshake for a moment. */
const SOCKETS = { sanitizeOps: false, sanitizeResources: false };

/** What a request to that port leads to, with the certificate as the CA. */
type Ask = (port: number, ca: string) => Promise<unknown>;

const CLIENTS: Record<string, Ask> = {
  async "Keystone, Neutron and Nova"(port, caFile) {
    const { openstack } = testConfig();
    const authUrl = `https://127.0.0.1:${port}/v3`;
    using auth = new KeystoneAuth({ ...openstack, authUrl, caFile }, systemClock);
    await auth.issueToken(openstack.credential!, AbortSignal.timeout(60_000));
  },
  async etcd(port, caFile) {
    const endpoints = [`https://127.0.0.1:${port}`];
    const etcd = openEtcd({ ...testConfig().etcd, endpoints, caFile, callTimeoutMs: 20_000 });
    try {
      await etcd.get("/x").exec();
    } finally {
      etcd.close();
    }
  },
  async "the message bus"(port, caFile) {
    const host = { host: "127.0.0.1", port, username: "u", password: "p" };
    const own = { caFile, certFile: null, keyFile: null, exchange: "neutron" };
    await dial({ hosts: [host], virtualHost: "/", tls: true, ...own }, host);
  },
};

Deno.test("a server that offers TLS 1.1 alone is refused, and that is said", SOCKETS, async (t) => {
  await using dir = await tempDir();
  const files = await makeCertificate(dir.path, "server");
  await using server = await startOldTls("tls1_1", files);
  for (const [name, ask] of Object.entries(CLIENTS)) {
    await t.step(name, async () => {
      const outcome = await ask(server.port, files.cert).then(() => "it answers", String);
      assert(outcome.includes(TOO_OLD_TLS), outcome);
    });
  }
  await t.step("what is read of etcd and of the page over HTTPS", async () => {
    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(files.cert)] });
    const url = `https://127.0.0.1:${server.port}/metrics`;
    assert(String(await fetch(url, { client }).catch((error) => error.cause)).includes("alert"));
    const page = { host: "127.0.0.1", port: server.port, cert: files.cert };
    const outcome = await readPage(page, "/", AbortSignal.timeout(60_000)).catch(String);
    assert(String(outcome).includes("alert"), String(outcome));
  });
});

Deno.test("the same server with TLS 1.2 is spoken to", SOCKETS, async () => {
  await using dir = await tempDir();
  const files = await makeCertificate(dir.path, "server");
  await using server = await startOldTls("tls1_2", files);
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(files.cert)] });
  const response = await fetch(`https://127.0.0.1:${server.port}/`, { client });
  await discard(response);
  assertEquals(response.status, 200);
});

Deno.test("the page takes TLS 1.2 and 1.3, and nothing older", SOCKETS, async () => {
  await using dir = await tempDir();
  const files = await makeCertificate(dir.path, "page");
  const [cert, key] = await Promise.all([files.cert, files.key].map((f) => Deno.readTextFile(f)));
  const tls = { cert: cert!, key: key! };
  const address = { host: "127.0.0.1", port: 0, tls };
  await using listener = await openListener(() => new Response("x"), address);
  assertEquals(await speaks(listener.port, "tls1_3"), true);
  assertEquals(await speaks(listener.port, "tls1_2"), true);
  assertEquals(await speaks(listener.port, "tls1_1"), false);
});
