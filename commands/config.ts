/** `config`: every effective value and where it comes from. @module */
import { formatEffective } from "../lib/config/resolve.ts";
import type { Command } from "./context.ts";

export const command: Command = {
  about: "Print every effective value and where it comes from",
  flags: {},
  run({ resolve, print }) {
    print(formatEffective(resolve().effective));
    return Promise.resolve(0);
  },
};
