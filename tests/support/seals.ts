/** Keys of one run of a supervisor, for processes that a test starts itself. @module */
import { makeKeyPair } from "../../lib/state/seal.ts";
import type { NodeSeals } from "../../lib/state/seal_file.ts";

const { open, secret } = await makeKeyPair();

export const testSeals: NodeSeals = {
  manager: { trusted: [open], secret },
  others: { trusted: [open] },
};
