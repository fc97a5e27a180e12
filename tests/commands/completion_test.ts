import { assert, assertEquals, assertMatch, TIME_FACTOR } from "../support/assert.ts";
import { programMissing } from "../support/system_program.ts";
import { tempDir } from "../support/temp_dir.ts";
import { guides, parseCommandLine } from "../../commands/commands.ts";
import { printed } from "./printed.ts";

/** What a shell that hangs is given, ms. */
const SHELL_MS = 30_000 * TIME_FACTOR;

async function shell(command: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, {
    args,
    env: { LC_ALL: "C.UTF-8" },
    stdin: "null",
    signal: AbortSignal.timeout(SHELL_MS),
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(err, "");
  return out!;
}

/** A script of a shell in a file; beside it are a directory `states` and a file `settings.conf`. */
async function withScript(
  of: string,
  test: (path: string, dir: string) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  await Deno.mkdir(`${dir.path}/states`);
  await Deno.writeTextFile(`${dir.path}/settings.conf`, "");
  const path = `${dir.path}/_calico-conductor`;
  await Deno.writeTextFile(path, await printed("completion", of));
  await test(path, dir.path);
}

const BASH: [words: string[], offered: string[]][] = [
  [["re"], ["reload", "resync"]],
  [["st"], ["start", "status", "step-down"]],
  [["resync", "--dr"], ["--dry-run"]],
  [["status", "--dr"], []],
  [["status", "--output", ""], ["text", "json"]],
  // Bash takes "=" for a word of its own, unless it is told not to.
  [["status", "--output", "=", "j"], ["json"]],
  [["status", "--output=j"], ["--output=json"]],
  [["--log-level", "w"], ["warn"]],
  [["completion", ""], ["bash", "zsh", "fish"]],
  [["help", "do"], ["doctor"]],
  // An option's value is no command.
  [["--region", "status", "do"], ["doctor"]],
  [["--region", "=", "status", "do"], ["doctor"]],
  [["start", "--node-name", ""], []],
  [["start", "--state-dir", "DIR/s"], ["DIR/states"]],
  [["start", "--config-file", "DIR/se"], ["DIR/settings.conf"]],
];

Deno.test("bash completes commands, flags, values and paths", () =>
  withScript("bash", async (path, dir) => {
    const placed = (words: string[]) => words.map((word) => word.replace("DIR", dir));
    for (const [words, offered] of BASH) {
      const lines = await shell(
        "bash",
        "--norc",
        "-c",
        `source "$0"; COMP_WORDS=(calico-conductor "$@"); COMP_CWORD=$#; _calico_conductor
        printf '%s\\n' "\${COMPREPLY[@]}"`,
        path,
        ...placed(words),
      );
      const told = lines.split("\n").filter(Boolean).sort();
      assertEquals(told, placed(offered).toSorted(), words.join(" "));
    }
    const file = `${dir}/a file.conf`;
    await Deno.writeTextFile(file, "");
    const told = await shell(
      "bash",
      "--norc",
      "-c",
      `source "$0"; COMP_WORDS=(x start --config-file "$1"); COMP_CWORD=3; _calico_conductor
      printf '%s' "\${COMPREPLY[0]}"`,
      path,
      file.slice(0, -6),
    );
    assertEquals(told, file);
  }));

const noFish = await programMissing("fish");
Deno.test({
  name: "fish completes commands, flags, values and paths",
  ignore: noFish !== null,
  fn: () =>
    withScript("fish", async (path, dir) => {
      const of = async (line: string) => {
        const told = await shell(
          "fish",
          "--no-config",
          "-c",
          `source ${path}; complete -C ${JSON.stringify(`calico-conductor ${line}`)}`,
        );
        return told.split("\n").filter(Boolean).map((one) => one.split("\t")[0]);
      };
      assertEquals(await of("re"), ["reload", "resync"]);
      assertEquals(await of("resync --dr"), ["--dry-run"]);
      assertEquals(await of("status --dr"), []);
      assertEquals((await of("status --output ")).toSorted(), ["json", "text"]);
      assertEquals((await of("completion ")).toSorted(), ["bash", "fish", "zsh"]);
      assertEquals(await of(`start --config-file ${dir}/se`), [`${dir}/settings.conf`]);
      assertEquals(await of(`start --state-dir ${dir}/s`), [`${dir}/states/`]);
      assertEquals(await of("start --node-name "), []);
    }),
});

/** Types a line and a tab into a zsh in a terminal, and prints what stands there then. */
const ZSH = `
zmodload zsh/zpty
zpty t zsh -f -i
zpty -w t "PS1= PS2= RPS1=; stty columns 200; autoload -U compinit; compinit -u -D; source $1; \
setopt NO_BEEP INTERACTIVE_COMMENTS; print re''ady"
zpty -r t out '*ready*'
zpty -w -n t "$2"$'\\t\\C-e #\\n'
zpty -w t "print en''d"
zpty -r t out '*end*'
print -r -- "$out"
zpty -d t
`.replace("\\\n", "");
const ZSH_CASES = [
  ["step", "step-down"],
  ["resync --dr", "resync --dry-run"],
  ["status --output j", "status --output json"],
  ["completion f", "completion fish"],
  ["start --state-dir DIR/s", "start --state-dir DIR/states"],
  ["start --config-file DIR/se", "start --config-file DIR/settings.conf"],
  ["he", "help"],
  ["help do", "help doctor"],
] as const;

const noZsh = await programMissing("zsh");
Deno.test({
  name: "zsh completes commands, flags, values and paths",
  ignore: noZsh !== null,
  fn: () =>
    withScript("zsh", async (path, dir) => {
      for (const [given, wanted] of ZSH_CASES) {
        const [line, becomes] = [given, wanted].map((text) => text.replace("DIR", dir));
        const told = await shell("zsh", "-f", "-c", ZSH, "zsh", path, `calico-conductor ${line}`);
        assert(told.includes(`calico-conductor ${becomes}`), told);
      }
    }),
});

Deno.test("every command, flag and option is completed by every shell", async () => {
  const all = await guides();
  for (const name of ["bash", "zsh", "fish"]) {
    const script = await printed("completion", name);
    for (const guide of all) {
      assert(script.includes(guide.name), `${name} ${guide.name}`);
      for (const [flag, { help }] of Object.entries(guide.flags)) {
        assertEquals(new RegExp(`[ -]${flag}\\b`).test(script), help !== null, `${name} ${flag}`);
      }
    }
    assert(!/api[-_]token|etcd[-_]password/i.test(script), "secrets are no flags");
  }
});

Deno.test("a shell that is not known is refused with those that are", async () => {
  const message = async (...words: string[]) => {
    try {
      await parseCommandLine(words);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  assertMatch(await message("completion", "bsh"), /"bsh": did you mean bash\?/);
  assertMatch(await message("completion"), /needs a word: calico-conductor completion bash\|zsh/);
});
