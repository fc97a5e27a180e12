/** `man`: the manual page. @module */
import { VERSION } from "../lib/base/version.ts";
import { manPage } from "../lib/config/man_page.ts";
import type { Command } from "./context.ts";

export const command: Command = {
  about: "Print the manual page",
  flags: {},
  examples: [
    { words: "man | man -l -", does: "Read it" },
    { words: "man >/usr/local/share/man/man8/calico-conductor.8", does: "Install it" },
  ],
  async run({ guides, print }) {
    print(manPage(await guides(), VERSION));
    return 0;
  },
};
