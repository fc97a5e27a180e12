import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import type { ConfigReader } from "../../lib/config/config_paths.ts";
import { readableCredentials, readCredentials } from "../../lib/config/credentials.ts";
import { optionOf, OPTIONS } from "../../lib/config/options.ts";
import { recordSettings, resolveRecorded } from "../../lib/config/recorded_settings.ts";
import { formatEffective, resolveConfig } from "../../lib/config/resolve.ts";
import { findValue } from "../../lib/config/values.ts";

const ENV = { HOME: "/h", CREDENTIALS_DIRECTORY: "/run/credentials/c" };

function reader(files: Record<string, string | Uint8Array>): ConfigReader {
  return {
    list: (path) => path === ENV.CREDENTIALS_DIRECTORY ? Object.keys(files) : null,
    readFile(path) {
      const content = files[path.slice(ENV.CREDENTIALS_DIRECTORY.length + 1)]!;
      return typeof content === "string" ? new TextEncoder().encode(content) : content;
    },
  };
}

const HANDED_OVER = readCredentials(ENV, reader({ conductor_password: "hidden5\n", other: "x" }));
const base = { flags: {}, files: [], hostname: "h" };

function message(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it was taken");
}

Deno.test("a credential of ours is read without its line end, and what is others' is not looked at", () => {
  assertEquals([...HANDED_OVER], [["conductor_password", "hidden5"]]);
  assertEquals(readCredentials({}, reader({ conductor_password: "x" })).size, 0);
  assertEquals(
    [...readCredentials(ENV, reader({ conductor_token: " a\nb\r\n" })).values()],
    [" a\nb"],
  );
});

Deno.test("a credential that is no text or has no end is refused, and nothing of it shown", () => {
  const hidden = new Uint8Array([104, 105, 0xff]);
  const bad = reader({ conductor_password: hidden });
  assertMatch(message(() => readCredentials(ENV, bad)), /credential .*password is not UTF-8$/);
  const long = reader({ conductor_password: "x".repeat(65537) });
  assertMatch(message(() => readCredentials(ENV, long)), /longer than 65536 bytes$/);
  assertEquals(readableCredentials(ENV, bad).size, 0);
});

Deno.test("every secret may be a credential, below our own environment and above all else", () => {
  for (const option of OPTIONS.filter(({ secret }) => secret)) {
    const credentials = new Map([[`conductor_${option.name}`, "handed"]]);
    const [own, ...others] = option.env;
    const values = new Map(option.ini.map((place) => [place, "of a file"]));
    const files = [{ path: "f", values }];
    const env = Object.fromEntries(others.map((name) => [name, "other"]));
    const places = { flags: {}, env, credentials, cloud: null, files };
    const found = findValue(option, places);
    assertEquals([found.value, found.source], ["handed", `credential conductor_${option.name}`]);
    assertEquals(findValue(option, { ...places, env: { [own]: "own" } }).value, "own");
  }
  const credentials = new Map([["conductor_region", "x"]]);
  const region = { flags: {}, env: {}, credentials, cloud: null, files: [] };
  assertEquals(findValue(optionOf("region"), region).value, null, "no secret");
});

Deno.test("what is handed over and no secret of ours is warned of, by name", () => {
  const credentials = new Map([["conductor_pasword", "hidden"], ["conductor_region", "hidden"]]);
  const { warnings } = resolveConfig({ ...base, env: ENV, credentials });
  const said = warnings.filter((line) => line.startsWith("the credential"));
  assertMatch(
    said[0]!,
    /conductor_pasword is no secret of ours: did you mean conductor_password\?/,
  );
  assertMatch(said[1]!, /conductor_region is no secret of ours/);
  assert(!said.join().includes("hidden"));
});

Deno.test("a command of this machine has the secret again from where the node has it, or misses it", () => {
  const files = [{
    path: "f",
    text: "[conductor]\nauth_url = http://k:5\nproject_name = p\nusername = u",
  }];
  const node = resolveConfig({ ...base, env: ENV, credentials: HANDED_OVER, files });
  const recorded = recordSettings(node.effective);
  assert(!/hidden/.test(JSON.stringify(recorded) + formatEffective(node.effective)));
  const input = { ...base, env: ENV, files };
  const again = resolveRecorded(recorded, { ...input, credentials: HANDED_OVER }, {});
  assertEquals([again.missing, again.config], [[], node.config]);
  assertEquals(resolveRecorded(recorded, input, {}).missing, [
    { env: "CONDUCTOR_PASSWORD", source: "credential conductor_password" },
  ]);
});
