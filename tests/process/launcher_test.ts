import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertWithin,
} from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testSeals } from "../support/seals.ts";
import { testConfig } from "../support/test_config.ts";
import { createLauncher, type Launch } from "../../lib/process/launcher.ts";
import { machinePlaces } from "../../lib/process/machine_places.ts";
import { permissionRow, type ProcessName } from "../../lib/process/permissions.ts";
import { roleSpecs } from "../../lib/node/role_specs.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";
import { runTool, ToolError } from "../../lib/process/tool.ts";
import { TOOL_NAMES } from "../../lib/process/tools.ts";

const environment = { HOME: "/home/x", PATH: "/bin", SECRET: "s3cret" };
const options = {
  executable: Deno.execPath(),
  root: new URL("../..", import.meta.url).pathname.replace(/\/$/, ""),
  environment,
};
const source = createLauncher({ ...options, standalone: false });
const binary = createLauncher({ ...options, standalone: true });
const places = { protoDir: "/proto", addresses: () => [] };
const rowOf = (name: ProcessName) => permissionRow(name, testConfig(), places);

Deno.test("secrets go in on standard input, never as arguments or environment", () => {
  for (const launcher of [source, binary]) {
    for (const name of [...ROLE_NAMES, "lab"] as const) {
      const { args, env, input } = launcher.prepare(name, rowOf(name), testConfig());
      assert(input.includes("very-secret"));
      assert(!input.includes("\n"));
      assert(![...args, ...Object.values(env)].some((text) => /very-secret|s3cret/.test(text)));
    }
  }
});

Deno.test("both ways grant the same row: flags from source, a Worker's permissions in the binary", () => {
  for (const name of ROLE_NAMES) {
    const row = rowOf(name);
    const { args } = source.prepare(name, row, {});
    const started = binary.prepare(name, row, { a: 1 });
    assertEquals(started.args, ["role", name]);
    const { permissions, input } = JSON.parse(started.input);
    assertEquals(input, { a: 1 });
    for (const kind of ["net", "read", "write", "env", "run", "sys"] as const) {
      const flag = args.find((word) => word.startsWith(`--allow-${kind}=`));
      const granted = row[kind].length > 0 ? row[kind].join(",") : undefined;
      assertEquals(flag?.slice(`--allow-${kind}=`.length), granted, `${name} ${kind}`);
      assertEquals(permissions[kind], granted === undefined ? false : row[kind]);
    }
    assertEquals([permissions.ffi, permissions.import], [false, false]);
  }
});

Deno.test("in the lab, what reports status is started with the lab's own module and told where", () => {
  const lab = { ...testConfig().lab, reportUrl: "http://127.0.0.1:9696/lab/v1" };
  for (const config of [testConfig(), testConfig({ lab })]) {
    const folder = config.lab.reportUrl === null ? "roles" : "lab";
    const process = { bootId: "boot", pidNamespace: "pid:[1]" };
    const found = [source, binary].map((launcher) =>
      new Map(
        roleSpecs(config, { ...places, process, seals: testSeals }, launcher).map((
          spec,
        ) => [spec.name, spec]),
      )
    );
    for (const name of ROLE_NAMES) {
      const [ran, started] = found.map((specs) => specs.get(name)!);
      const expected = name.endsWith("-status-watcher") ? folder : "roles";
      assertEquals(ran!.args.at(-1)!.split("/").at(-2), expected, name);
      const words = folder === "lab" ? ["role", name, "lab"] : ["role", name];
      assertEquals(started!.args, words);
      assertEquals(ran!.input.includes("/lab/v1"), expected === "lab", name);
    }
  }
});

Deno.test("the inspector is for who asks for it: on loopback, a port for each role, no secrets", () => {
  const inspected = createLauncher({
    ...options,
    standalone: false,
    environment: { ...environment, CONDUCTOR_INSPECT: "9300" },
  });
  const flag = (launcher: typeof source, name: ProcessName) =>
    launcher.prepare(name, rowOf(name), {}).args.find((word) => word.startsWith("--inspect"));
  const ports = ROLE_NAMES.map((
    name,
    i,
  ) => [flag(inspected, name), `--inspect=127.0.0.1:${9300 + i}`]);
  for (const [found, expected] of ports) assertEquals(found, expected);
  for (const name of ROLE_NAMES) assertEquals(flag(source, name), undefined);
});

Deno.test("a process gives memory back to the system that it has given back itself", () => {
  for (const launcher of [source, binary]) {
    for (const name of ROLE_NAMES) {
      const { env } = launcher.prepare(name, rowOf(name), {});
      assertEquals(env.MALLOC_ARENA_MAX, "1", name);
      assertEquals(env.MALLOC_TRIM_THRESHOLD_, "131072", name);
    }
  }
});

Deno.test("only the lab gets the PATH", () => {
  assertEquals(source.prepare("lab", rowOf("lab"), {}).env.PATH, "/bin");
  assertEquals(source.prepare("manager", rowOf("manager"), {}).env.PATH, undefined);
});

/** A tool whose program is given. */
function tool(code: string): Launch {
  const args = ["eval", "--quiet", code];
  return { command: Deno.execPath(), args, env: { NO_COLOR: "1" }, input: '{"question":1}' };
}
const limits = { timeoutMs: 20_000 };
const read = `const { value } = await Deno.stdin.readable.getReader().read();`;

Deno.test("a tool is told one thing and answers one thing", async () => {
  const echo = tool(`${read} console.log(new TextDecoder().decode(value)); Deno.exit(0);`);
  assertEquals(await runTool(echo, limits), { question: 1 });
});

Deno.test("a tool that fails: its own words", async () => {
  const failing = tool(`console.error("error: no such\\nmore"); Deno.exit(1);`);
  assertEquals((await assertRejects(() => runTool(failing, limits), ToolError)).message, "no such");
});

Deno.test("a tool that hangs is killed at its deadline, or when it is not wanted any more", async () => {
  const stubborn = tool(`Deno.addSignalListener("SIGTERM", () => {}); while (true);`);
  const startedAt = performance.now();
  const late = await assertRejects(() => runTool(stubborn, { timeoutMs: 700 }), ToolError);
  assertMatch(late.message, /did not answer within 0.7 s/);
  const signal = AbortSignal.timeout(300);
  await assertRejects(() => runTool(stubborn, { ...limits, signal }), DOMException);
  assertWithin(performance.now() - startedAt, 4000, "both ends");
});

Deno.test("an answer that is no JSON, and a program that is not there", async () => {
  const words = tool(`console.log("hello"); Deno.exit(0);`);
  assertMatch((await assertRejects(() => runTool(words, limits), ToolError)).message, /no answer/);
  const missing = { ...words, command: "/no/such/program" };
  assertMatch((await assertRejects(() => runTool(missing, limits), ToolError)).message, /started/);
});

Deno.test("a host name that the hosts file does not tell is asked of a tool; a wrong one is warned of", async () => {
  const launcher = createLauncher({
    ...options,
    standalone: false,
    environment: Deno.env.toObject(),
  });
  const log = new LogRecorder();
  const etcd = { ...testConfig().etcd, endpoints: ["http://no-such-host.invalid:2379"] };
  const found = await machinePlaces(testConfig({ etcd }), launcher, log);
  assertEquals(found.addresses("no-such-host.invalid"), []);
  assertEquals(log.at("warn").map((record) => record.fields.name), ["no-such-host.invalid"]);
  const row = permissionRow("name-lookup", testConfig({ etcd }), places);
  assertEquals({ ...row, net: [] }, { net: [], read: [], write: [], env: [], run: [], sys: [] });
  assertEquals(row.net, ["no-such-host.invalid"]);
  // What the tool may look up is its row's; it is told the same names.
  const local = { ...row, net: ["localhost"] };
  const answer = await runTool(
    launcher.prepare("name-lookup", local, ["localhost", "x.y"]),
    limits,
  );
  const { localhost, "x.y": other } = answer as Record<string, string[]>;
  assert(localhost!.includes("127.0.0.1"), JSON.stringify(answer));
  assertEquals(other, [], "a name outside the row");
});

Deno.test("only roles that have spans are told of OpenTelemetry, and nobody of a proxy", () => {
  const environment = {
    HTTP_PROXY: "http://u:s3cret@proxy:3128",
    https_proxy: "http://u:s3cret@proxy:3128",
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=s3cret",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=s3cret",
    OTEL_EXPORTER_OTLP_CLIENT_KEY: "/s3cret.pem",
  };
  for (const standalone of [false, true]) {
    const launcher = createLauncher({ ...options, standalone, environment });
    const env = (name: ProcessName) => launcher.prepare(name, rowOf(name), {}).env;
    const told = [...ROLE_NAMES, "lab" as const, ...TOOL_NAMES].filter((name) =>
      Object.keys(env(name)).some((key) => key.startsWith("OTEL_"))
    );
    assertEquals(told, ["resource-syncer", "agent-status-watcher", "endpoint-status-watcher"]);
    for (const name of [...ROLE_NAMES, "lab" as const, ...TOOL_NAMES]) {
      const values = Object.entries(env(name)).filter(([key]) => !key.startsWith("OTEL_"));
      assert(!JSON.stringify(values).includes("s3cret"), name);
      assertEquals(JSON.stringify(env(name)).includes("s3cret"), told.includes(name), name);
    }
  }
});
