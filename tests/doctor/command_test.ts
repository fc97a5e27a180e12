import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { tempDir } from "../support/temp_dir.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

interface Outcome {
  readonly code: number;
  readonly text: string;
  readonly error: string;
}

/** `calico-conductor doctor` as an operator starts it. */
async function doctor(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { HOME = "/", DENO_DIR, PATH = "" } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-A", `${ROOT}main.ts`, "doctor", ...args],
    clearEnv: true,
    env: { HOME, PATH, NO_COLOR: "1", ...DENO_DIR && { DENO_DIR }, ...env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, text: decode(stdout), error: decode(stderr) };
}

Deno.test("with everything down it ends soon, with exit code 1 and a line for each part", async () => {
  const from = performance.now();
  const { code, text, error } = await doctor(
    ["--etcd", "http://127.0.0.1:1", "--state-dir", "/nonexistent/state"],
    {
      OS_AUTH_URL: "http://127.0.0.1:1/v3",
      OS_USERNAME: "neutron",
      OS_PASSWORD: "sesame",
      OS_PROJECT_NAME: "service",
      CONDUCTOR_TRANSPORT_URL: "rabbit://u:sesame@127.0.0.1:1/",
    },
  );
  assertEquals(code, 1, error);
  assert(performance.now() - from < 60_000);
  assert(!`${text}${error}`.includes("sesame"));
  for (const name of ["etcd http", "Keystone http", "message bus 127.0.0.1:1"]) {
    assertMatch(text, new RegExp(`^FAILED {3}${name}.* → .+`, "m"));
  }
  assertMatch(text, /^skipped {2}Neutron: its endpoint is not known/m);
  assert(!/^FAILED {3}catalogue/m.test(text), "Keystone's own line says it");
});

Deno.test("it works within its permissions, and JSON is for machines", async () => {
  await using server = await startEtcd();
  await using dir = await tempDir();
  await using neutron = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (r) => {
      const { pathname } = new URL(r.url);
      if (pathname === "/v2.0/extensions") {
        return Response.json({ extensions: [{ alias: "qos" }] });
      }
      if (pathname === "/v2.0/networks") return Response.json({ networks: [] });
      if (pathname === "/v2.0/ports") return Response.json({ ports: [] });
      return Response.json({ agents: [{ host: "h", alive: true }] });
    },
  );
  const { code, text, error } = await doctor([
    ...["--etcd", server.url, "--state-dir", dir.path, "--output", "json"],
    ...["--neutron-url", `http://127.0.0.1:${neutron.addr.port}`],
  ]);
  assertEquals(code, 0, text + error);
  const findings = JSON.parse(text) as { name: string; state: string; found: string }[];
  assert(!text.includes("NotCapable") && !text.includes("Requires"), text);
  const state = (name: string) => findings.find((f) => f.name.startsWith(name))?.state;
  assertEquals(
    ["Deno", "state directory", "etcd rights", "Neutron http", "Neutron rights"].map(state),
    ["ok", "ok", "ok", "ok", "ok"],
  );
  assertEquals([state("Neutron extensions"), state("configuration")], ["warning", "warning"]);
});
