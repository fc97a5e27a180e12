/** What is read of configuration files is what oslo.config reads of them, with the options that Neutron registers. */
import type { Config } from "../../lib/config/config_types.ts";
import { DEFAULTS, placesOf } from "../../lib/config/oslo_names.ts";
import { readBoolean, readInteger } from "../../lib/config/oslo_file.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { BROKEN, ODD } from "./cases.ts";
import { drawCases } from "./drawn_files.ts";
import { type Answer, type Case, errorOf, oslo, ours, pathsOf, wordsOf } from "./oslo_config.ts";

const SEED = Number(Deno.env.get("OSLO_SEED") ?? 20);
const DRAWN = 80;

/** One value of ours, as oslo.config would give it. */
function like(theirs: unknown, text: string | null): unknown {
  if (text === null) return null;
  if (typeof theirs === "number") return readInteger(text);
  if (typeof theirs === "boolean") return readBoolean(text);
  if (Array.isArray(theirs)) return text.split(",").map((part) => part.trim());
  return text;
}

type Bus = Pick<
  NonNullable<Config["bus"]>,
  "hosts" | "virtualHost" | "tls" | "caFile" | "certFile" | "keyFile"
>;

function busOf({ hosts, virtualHost, tls, caFile, certFile, keyFile }: Bus) {
  return { hosts, virtualHost, tls, caFile, certFile, keyFile };
}

/** What differs in one case, in words. */
function differences(answer: Answer, mine: ReturnType<typeof ours>): string[] {
  if ("error" in mine) return [`refused by us: ${mine.error}`];
  const found: string[] = [];
  for (const [name, theirs] of Object.entries(answer)) {
    if (name === "bus" || name === "notifications") {
      const bus = name === "bus" ? mine.config.bus : mine.config.notifications?.bus;
      const they = theirs as Record<string, unknown>;
      const wanted = Object.fromEntries(
        Object.entries(they).map(([key, value]) => [key, value === "" ? null : value]),
      );
      const got = bus && busOf(bus);
      if (JSON.stringify(sorted(wanted)) !== JSON.stringify(sorted(got))) {
        found.push(`${name}: oslo ${JSON.stringify(wanted)}, ours ${JSON.stringify(got)}`);
      }
      continue;
    }
    const { value, source } = mine.values.get(name)!;
    // A value that is empty is none for us, and none for whoever uses it there.
    const unset = theirs === null || theirs === "";
    // Keystone's region and interface are Nova's where Neutron has none.
    const isNone = source === "default" || source.includes(" [nova] ");
    if (
      unset ? isNone : JSON.stringify(like(theirs, value)) === JSON.stringify(theirs)
    ) {
      continue;
    }
    found.push(
      `${name}: oslo ${JSON.stringify(theirs)}, ours ${JSON.stringify(value)} (${source})`,
    );
  }
  return found;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).toSorted().map(([key, inner]) => [key, sorted(inner)]),
  );
}

Deno.test("what is read is what oslo.config reads", async (t) => {
  await using python = await oslo();
  const { defaults } = await python.ask([]);
  const isOlder = (place: string) => (defaults[place]?.older.length ?? 0) > 0;
  /** Whether the release has the older names that a case uses: oslo.messaging drops them by and by. */
  const isKnown = ({ files }: Case) => {
    const text = Object.values(files).join();
    return (isOlder("oslo_messaging_rabbit.ssl") || !/kombu_ssl|rabbit_use_ssl/.test(text)) &&
      (isOlder("oslo_messaging_notifications.topics") ||
        !/DEFAULT\]\nnotification_|rpc_notifier2/.test(text));
  };
  const older: Case = {
    name: "older names of TLS to the bus",
    files: {
      ...ODD[0]!.files,
      "1.conf": "[oslo_messaging_rabbit]\nrabbit_use_ssl = yes\nkombu_ssl_ca_certs = /a\n" +
        "kombu_ssl_certfile = /b\nkombu_ssl_keyfile = /c\n",
    },
  };
  const cases = [...ODD, older, ...drawCases(DRAWN, SEED, defaults), ...BROKEN].filter(isKnown);
  for (const [index, one] of cases.entries()) await python.write(index, one);
  const paths = cases.map((one, index) => pathsOf(python.dir, index, one));
  const { answers } = await python.ask(paths.map((one) => ({ args: wordsOf(one) })));

  let files = 0;
  let refused = 0;
  for (const [index, one] of cases.entries()) {
    const answer = answers[index]!;
    const mine = ours(paths[index]!);
    if (BROKEN.includes(one)) {
      assertEquals(errorOf(answer), "ConfigFileParseError", one.name);
      assert(
        "error" in mine && /line \d/.test(mine.error ?? ""),
        `${one.name}: ${JSON.stringify(mine)}`,
      );
      refused++;
      continue;
    }
    await t.step(one.name, () => {
      const errors = Object.entries(answer).filter(([, value]) => errorOf(value) !== null);
      assertEquals(errors, [], "oslo.config refuses a case that is to be valid");
      const said = differences(answer, mine);
      assertEquals(said, [], `seed ${SEED}; ${JSON.stringify(one.files, null, 1)}`);
    });
    files += Object.keys(one.files).length;
  }
  // deno-lint-ignore no-console
  console.info(
    `${cases.length - refused} cases of ${files} files alike, ${refused} refused by both`,
  );
});

Deno.test("older names and defaults are those that Neutron registers", async () => {
  await using python = await oslo();
  const { defaults } = await python.ask([]);
  for (const [place, value] of Object.entries(DEFAULTS)) {
    const known = defaults[place];
    // What listens is uWSGI's in the newer releases.
    if (known === undefined && /^DEFAULT\.bind_/.test(place)) continue;
    assert(known !== undefined, `${place} is no option`);
    assertEquals(known.default, value, place);
    const missing = known.older.filter((one) => !placesOf(place).includes(one));
    assertEquals(missing, [], place);
  }
});
