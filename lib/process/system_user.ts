/**
 * Who runs this process, as the operating system tells it: a variable of the environment could say
 * anything. The kernel tells who has logged in in `/proc`, which Deno gives to nobody who may not do
 * everything, and the names of users may come from a directory service: so the system's own programs are
 * asked.
 *
 * @module
 */
import { systemOutput } from "./system_output.ts";

/** A user as the operating system knows it; null: it does not tell. */
export interface SystemUser {
  readonly uid: number | null;
  readonly name: string | null;
  /** Who has logged in, when that is somebody else: `sudo` changes the user and not this. */
  readonly login: { readonly uid: number; readonly name: string | null } | null;
}

/** The name of the user may be missing, and so may the login. */
const TOLD = 'id -u; echo "$(id -un 2>/dev/null)"; ' +
  'login=$(cat /proc/self/loginuid 2>/dev/null); echo "$login"; ' +
  'echo "$(id -un -- "$login" 2>/dev/null)"';
/** What Linux tells of a process that no login has begun. */
const NO_LOGIN = 4_294_967_295;
const UNKNOWN: SystemUser = { uid: null, name: null, login: null };

/** The user of this process; needs the permission to run `sh`. What the system does not tell is null. */
export async function readSystemUser(): Promise<SystemUser> {
  const told = await systemOutput("sh", ["-c", TOLD]);
  return told === null ? UNKNOWN : parseSystemUser(told.text);
}

/** What the programs print: user id, its name, login id, its name, one a line; lines may be empty. */
export function parseSystemUser(text: string): SystemUser {
  const [own = "", name = "", loginId = "", loginName = ""] = text.split("\n");
  const uid = numberOf(own);
  if (uid === null) return UNKNOWN;
  const login = numberOf(loginId);
  const other = login !== null && login !== NO_LOGIN && login !== uid;
  return {
    uid,
    name: name || null,
    login: other ? { uid: login, name: loginName || null } : null,
  };
}

function numberOf(text: string): number | null {
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}
