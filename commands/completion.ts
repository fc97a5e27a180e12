/** `completion`: the script that makes a shell complete commands, flags and their values. @module */
import type { CommandGuide } from "../lib/config/guide.ts";
import { bashCompletion } from "../lib/config/shells/bash.ts";
import { fishCompletion } from "../lib/config/shells/fish.ts";
import { zshCompletion } from "../lib/config/shells/zsh.ts";
import type { Command } from "./context.ts";

const SCRIPTS: Readonly<Record<string, (guides: readonly CommandGuide[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const command: Command = {
  about: "Print what makes a shell complete commands, flags and values",
  flags: {},
  subject: Object.keys(SCRIPTS).join("|"),
  choices: Object.keys(SCRIPTS),
  examples: [
    { words: "completion bash >/etc/bash_completion.d/calico-conductor", does: "for bash" },
    { words: "completion zsh >/usr/local/share/zsh/site-functions/_calico-conductor", does: "zsh" },
    { words: "completion fish >/etc/fish/completions/calico-conductor.fish", does: "fish" },
  ],
  async run({ guides, print }, _flags, shell) {
    print(SCRIPTS[shell]!(await guides()));
    return 0;
  },
};
