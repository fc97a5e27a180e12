import type { Etcd3 } from "etcd3";
import { openEtcd } from "../../lib/etcd/client.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { makeAuthority } from "../support/certificates.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";
import { startTlsEtcd } from "../support/tls_etcd_server.ts";

/** grpc-js keeps timers of connections beyond the end of its client. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const NAMES = "IP:127.0.0.1,DNS:localhost";

interface Files {
  readonly caFile: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

function open(url: string, { caFile, certFile, keyFile }: Partial<Files>): Etcd3 {
  const files = { caFile: caFile ?? null, certFile: certFile ?? null, keyFile: keyFile ?? null };
  return openEtcd({ ...testConfig().etcd, endpoints: [url], callTimeoutMs: 20_000, ...files });
}

/** What a read leads to: "answers", or why not. */
async function outcome(etcd: Etcd3): Promise<string> {
  return await etcd.get("/x").exec().then(() => "answers", String);
}

async function tried(url: string, files: Files): Promise<string> {
  const etcd = open(url, files);
  try {
    return await outcome(etcd);
  } finally {
    etcd.close();
  }
}

Deno.test(
  "TLS by address and by name; a member with another CA is named",
  GRPC,
  async () => {
    await using dir = await tempDir();
    const authority = await makeAuthority(dir.path, "ca");
    const other = await makeAuthority(dir.path, "other");
    await using server = await startTlsEtcd(await authority.issue("etcd", NAMES));
    const url = `https://127.0.0.1:${server.port}`;
    const caFile = authority.certificate;
    assertEquals(await tried(url, { caFile }), "answers");
    assertEquals(await tried(`https://localhost:${server.port}`, { caFile }), "answers");
    assertMatch(
      await tried(url, { caFile: other.certificate }),
      new RegExp(
        `certificate of etcd at 127.0.0.1:${server.port} is not signed by the CA in .*other`,
      ),
    );
  },
);

Deno.test("a certificate for other names, and one that has expired", GRPC, async () => {
  await using dir = await tempDir();
  const authority = await makeAuthority(dir.path, "ca");
  const caFile = authority.certificate;
  {
    await using server = await startTlsEtcd(await authority.issue("etcd", "IP:127.0.0.9,DNS:etcd"));
    for (const host of ["127.0.0.1", "localhost"]) {
      assertMatch(
        await tried(`https://${host}:${server.port}`, { caFile }),
        new RegExp(`etcd at ${host}:\\d+ is for other names \\(.*127.0.0.9.*--etcd`),
      );
    }
  }
  await using server = await startTlsEtcd(await authority.issue("old", NAMES, -1));
  assertMatch(
    await tried(`https://127.0.0.1:${server.port}`, { caFile }),
    /certificate of etcd at 127.0.0.1:\d+ has expired: renew it/,
  );
});

Deno.test("our certificate: none, of another CA, expired", GRPC, async () => {
  await using dir = await tempDir();
  const authority = await makeAuthority(dir.path, "ca");
  const other = await makeAuthority(dir.path, "other");
  const caFile = authority.certificate;
  await using server = await startTlsEtcd(await authority.issue("etcd", NAMES), caFile);
  const url = `https://127.0.0.1:${server.port}`;
  const own = ({ cert, key }: { cert: string; key: string }) => ({
    caFile,
    certFile: cert,
    keyFile: key,
  });
  assertMatch(
    await tried(url, { caFile }),
    /asks for a client certificate, and none is configured/,
  );
  assertMatch(
    await tried(url, own(await other.issue("stranger", "DNS:node"))),
    /refuses our certificate .*stranger.pem.*signed by the CA that etcd trusts/,
  );
  assertMatch(
    await tried(url, own(await authority.issue("late", "DNS:node", -1))),
    /refuses our certificate .*late.pem, which has expired on 20.*renew it/,
  );
  assertEquals(await tried(url, own(await authority.issue("node", "DNS:node"))), "answers");
});

Deno.test("renewed files are taken by the same client, half a pair is not", GRPC, async () => {
  await using dir = await tempDir();
  const authority = await makeAuthority(dir.path, "ca");
  await using server = await startTlsEtcd(
    await authority.issue("etcd", NAMES),
    authority.certificate,
  );
  const [caFile, certFile, keyFile] = ["ca", "cert", "key"].map((name) =>
    `${dir.path}/used-${name}.pem`
  );
  const other = await makeAuthority(dir.path, "other");
  const late = await authority.issue("late", "DNS:node", -1);
  const good = await authority.issue("good", "DNS:node");
  await Deno.copyFile(other.certificate, caFile!);
  await Deno.copyFile(late.cert, certFile!);
  await Deno.copyFile(late.key, keyFile!);
  const etcd = open(`https://127.0.0.1:${server.port}`, { caFile, certFile, keyFile });
  try {
    assertMatch(await outcome(etcd), /not signed by the CA/);
    await Deno.copyFile(authority.certificate, caFile!);
    assertMatch(await outcome(etcd), /which has expired/);
    await Deno.copyFile(good.cert, certFile!);
    assertMatch(await outcome(etcd), /which has expired/);
    await Deno.copyFile(good.key, keyFile!);
    assertEquals(await outcome(etcd), "answers");
    await Deno.writeTextFile(keyFile!, "-----BEGIN PRIV");
    await server.restart();
    let last = "";
    for (let i = 0; i < 50 && last !== "answers"; i++) last = await outcome(etcd);
    assertEquals(last, "answers", "with the pair of before");
    await Deno.remove(certFile!);
    await server.restart();
    for (let i = 0; i < 50 && (last = await outcome(etcd)) !== "answers"; i++);
    assertEquals(last, "answers");
  } finally {
    etcd.close();
  }
});

Deno.test("files that do not belong together are refused at the start, by name", async () => {
  await using dir = await tempDir();
  const authority = await makeAuthority(dir.path, "ca");
  const [a, b] = [await authority.issue("a", NAMES), await authority.issue("b", NAMES)];
  const files = { caFile: authority.certificate, certFile: a.cert, keyFile: b.key };
  let refused: unknown;
  try {
    open("https://127.0.0.1:1", files).close();
  } catch (error) {
    refused = error;
  }
  assert(refused instanceof Error);
  assertMatch(refused.message, /the key in .*b\.key is not that of the certificate .*a\.pem/);
});

Deno.test(
  "a handshake that is never answered is given up, and its connection closed",
  GRPC,
  async () => {
    await using dir = await tempDir();
    const authority = await makeAuthority(dir.path, "ca");
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = silent.addr as Deno.NetAddr;
    const etcd = open(`https://127.0.0.1:${port}`, { caFile: authority.certificate });
    try {
      const call = outcome(etcd);
      using connection = await silent.accept();
      // What it sends is read, until it ends the connection.
      while (await connection.read(new Uint8Array(4096)) !== null);
      assertMatch(await call, /has not answered the TLS handshake within 10 s/);
    } finally {
      etcd.close();
    }
  },
);
