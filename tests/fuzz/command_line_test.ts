/** The words of a command line. */
import fc from "fast-check";
import { parseCommandLine } from "../../commands/commands.ts";
import { UsageError } from "../../lib/config/command_line.ts";
import { OPTIONS } from "../../lib/config/options.ts";
import { fuzz } from "./fuzz.ts";
import { oddText, spoilt } from "./inputs.ts";

const FLAGS = OPTIONS.map(({ name }) => `--${name.replaceAll("_", "-")}`);
const OWN = ["--dry-run", "--port", "--network", "--allow-deletions", "--json", "--pause"];
const names = fc.oneof(
  fc.constantFrom(...FLAGS, ...OWN, "--config-file", "--help", "-h", "-V", "--version", "--", "-"),
  fc.constantFrom("--__proto__", "--constructor", "--no-lab", "--etcd.__proto__.x", "-hV", "--_"),
  spoilt(...FLAGS),
);
const words = fc.oneof(
  fc.constantFrom("start", "status", "config", "doctor", "permissions", "resync", "step-down"),
  fc.constantFrom("help", "version"),
  names,
  fc.tuple(names, oddText).map(([name, value]) => `${name}=${value}`),
  oddText,
);

fuzz(
  "words of a command line",
  fc.array(words, { maxLength: 6 }),
  async (args) => {
    const asked = await parseCommandLine(args);
    return typeof asked === "string" || "help" in asked
      ? asked
      : [asked.options, asked.flags, asked.configPaths];
  },
  (error) => error instanceof UsageError,
);
