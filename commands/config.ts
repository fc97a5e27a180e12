/** `config`: every effective value and where it comes from. @module */
import { formatEffective } from "../lib/config/resolve.ts";
import type { Command } from "./context.ts";

export const run: Command = ({ resolve, print }) => {
  print(formatEffective(resolve().effective));
  return Promise.resolve(0);
};
