import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type Invocation, parseCommandLine } from "../../commands/commands.ts";
import { command as resync } from "../../commands/resync.ts";
import { command as stepDown } from "../../commands/step_down.ts";
import { type FlagValues, parseWords, UsageError } from "../../lib/config/command_line.ts";

/** What refuses the words. */
async function usage(...args: string[]): Promise<string> {
  try {
    await parseCommandLine(args);
  } catch (error) {
    assert(error instanceof UsageError, String(error));
    return error.message;
  }
  throw new Error("it was accepted");
}

async function invoked(...args: string[]): Promise<Invocation> {
  const asked = await parseCommandLine(args);
  assert(typeof asked === "object" && "run" in asked, JSON.stringify(asked));
  return asked;
}

async function help(...args: string[]): Promise<string> {
  const asked = await parseCommandLine(args);
  assert(typeof asked === "object" && "help" in asked, JSON.stringify(asked));
  return asked.help;
}

Deno.test("an unknown option or command gets the nearest right one", async () => {
  assertMatch(
    await usage("--node-nmae=x"),
    /unknown option "--node-nmae": did you mean --node-name\?/,
  );
  assertMatch(await usage("strat"), /unknown command "strat": did you mean start\?/);
  assertMatch(await usage("--zzzzzzzzzzzz"), /see --help/);
  assertMatch(await usage("resync", "--dry-rnu"), /"--dry-rnu": did you mean --dry-run\?/);
});

Deno.test("a flag without its value, twice, or with a secret is refused", async () => {
  assertMatch(await usage("--node-name"), /needs a value/);
  assertMatch(await usage("--node-name", "--lab=on"), /needs a value/);
  assertMatch(await usage("--node-name", "-5"), /needs a value, as in --node-name=/);
  assertMatch(await usage("--region=a", "--region=b"), /more than once/);
  assertMatch(await usage("--etcd-password=x"), /secret .*CONDUCTOR_ETCD_PASSWORD/);
  assertMatch(await usage("start", "now"), /unexpected word "now"/);
});

Deno.test("what is no id is refused with what one looks like; ids that are no UUIDs are taken", async () => {
  for (const id of ["a/b", "a b", "", "x".repeat(65), "fenêtre"]) {
    assertMatch(
      await usage("resync", `--port=${id}`),
      /--port: given .*, allowed the id of an object as Neutron shows it, a UUID such as [\da-f-]{36}/,
    );
  }
  const parsed = await invoked("resync", "--port=host-1.tap_7", "--subnet", "x".repeat(64));
  assert(parsed.name === "resync");
  assertEquals(parsed.flags.port, ["host-1.tap_7"]);
  assertEquals(parsed.flags.subnet, ["x".repeat(64)]);
  const many = Array.from({ length: 501 }, (_, i) => `--network=n${i}`);
  assertMatch(await usage("resync", ...many), /--network: given 501 times, allowed 500/);
});

Deno.test("a flag of resync starts no node and is not passed over in silence", async () => {
  assertMatch(
    await usage("--dry-run"),
    /--dry-run is for resync, not for start: say resync --dry-run/,
  );
  assertMatch(await usage("status", "--port=x"), /--port is for resync, not for status/);
  assertMatch(await usage("step-down", "--allow-deletions"), /--allow-deletions is for resync/);
});

Deno.test("a flag of other commands is refused with all that take it", async () => {
  assertMatch(
    await usage("--pause", "5"),
    /--pause is for step-down, not for start: say step-down/,
  );
  assertMatch(
    await usage("start", "--output=json"),
    /^--output is for status, config, doctor, permissions, resync and trace, not for start$/,
  );
});

Deno.test("start is the default; repeatable flags are collected", async () => {
  const parsed = await invoked("--etcd", "a:1", "--etcd=b:2", "--config-file", "x");
  assert(parsed.name === "start");
  assertEquals(parsed.options.etcd, ["a:1", "b:2"]);
  assertEquals(parsed.configPaths, [{ path: "x", directory: false }]);
  assertMatch(await help("-h"), /Usage:/);
  assertEquals(await parseCommandLine(["--version"]), "version");
});

Deno.test("a command's flags may stand before it; an option's value is no command", async () => {
  const early = await invoked("--pause", "5", "--region", "status", "step-down");
  assertEquals([early.name, early.flags.pause, early.options.region], ["step-down", 5, "status"]);
  assertEquals((await invoked("step-down")).flags.pause, 60);
  assertMatch(await usage("step-down", "--pause=x"), /--pause: given "x", allowed a whole number/);
  // A forgotten id: not a resync of the port of that name.
  assertMatch(
    await usage("--port", "resync"),
    /"resync" is a flag's value here: say resync before/,
  );
  assertMatch(await usage("status", "--output=xml"), /--output: given "xml", allowed text \| json/);
  const flags = (await invoked("resync", "--dry-run", "--allow-empty", "--output", "json")).flags;
  assertEquals([flags["dry-run"], flags["allow-empty"], flags.output], [true, true, "json"]);
});

Deno.test("each command's help has its own flags, and the general one all commands and options", async () => {
  const own = await help("resync", "--help");
  assertMatch(own, /^calico-conductor resync: Make etcd equal/);
  assertMatch(own, /--network ID .*\n[^]*--dry-run +print the differences and write nothing/);
  assert(!own.includes("--pause") && !own.includes("--etcd"), own);
  assertMatch(await help("help", "step-down"), /--pause SECONDS .*\[60\]/);
  assertMatch(await help("-h", "start"), /Usage: calico-conductor start \[options\]/);
  const general = await help("--help");
  for (
    const word of ["start", "status", "config", "doctor", "permissions", "resync", "step-down"]
  ) {
    assertMatch(general, new RegExp(`^ {2}${word} +[A-Z]`, "m"));
    for (const line of (await help(word, "--help")).split("\n")) assert(line.length <= 120, line);
  }
  assert(!general.includes("--dry-run"), "the flags of commands stand in their own help");
  assertMatch(general, /--election-ttl +Life of the election key's lease \[15 s\]/);
  for (const line of general.split("\n")) assert(line.length <= 120, line);
  assertMatch(general, /^ {2}--application-credential-id\n {28}Application credential, /m);
});

Deno.test("what a command does with a flag that it has not, or takes for another type, does not type-check", () => {
  const ofResync = (flags: FlagValues<typeof resync.flags>) => {
    const dry: boolean = flags["dry-run"];
    // @ts-expect-error a misspelt flag
    const misspelt = flags["dry-rnu"];
    // @ts-expect-error ids, not one id
    const port: string = flags.port;
    return [dry, misspelt, port];
  };
  // @ts-expect-error a number
  const ofStepDown = (flags: FlagValues<typeof stepDown.flags>): string => flags.pause;
  assertEquals([typeof ofResync, typeof ofStepDown], ["function", "function"]);
});

Deno.test("a trace takes one word as it stands, also one that is another command's name or a number", async () => {
  assertMatch(await usage("trace"), /trace needs a word: calico-conductor trace PORT\|IP/);
  assertMatch(await usage("trace", "a", "b"), /unexpected word "b"/);
  assertEquals((await invoked("trace", "status")).name, "trace");
  assertEquals((await invoked("trace", "--output=json", "007")).flags.output, "json");
  assertEquals(parseWords(["trace", "007", "1e3"], {}).words, ["trace", "007", "1e3"]);
  assertMatch(
    await help("trace", "--help"),
    /Usage: calico-conductor trace PORT\|IP\|DEVICE\|HOST \[flags\]/,
  );
});
