/**
 * Keeps the state directory to the user who runs the node: whoever can write there decides when this node
 * believes itself master, and whoever can read there sees what operators ask for.
 *
 * @module
 */

/** Why a directory cannot be used, and the command that mends it. */
export interface NotPrivate {
  readonly found: string;
  readonly remedy: string;
}

/** Rights of group and others. */
const OTHERS = 0o077;

/**
 * Looks at a directory that exists: it has to be this user's, with no rights for others, and no file in it may
 * be a link. Takes from its files what rights others have. Resolves with null when all is well.
 *
 * A link that leads to the directory itself is followed: systemd makes one for `DynamicUser=`.
 *
 * @throws when nothing can be written there.
 */
export async function makePrivate(path: string): Promise<NotPrivate | null> {
  const { uid: owner, mode } = await Deno.stat(path);
  if (owner === null || mode === null) return null; // a system without such rights
  const own = await ownUid(path);
  if (owner !== own) {
    return {
      found: `belongs to another user (uid ${owner}; this process is uid ${own})`,
      remedy: `run \`chown -R ${own} ${quoted(path)}\``,
    };
  }
  if (mode & OTHERS) {
    return {
      found: `is open to other users (mode ${(mode & 0o7777).toString(8).padStart(4, "0")})`,
      remedy: `run \`chmod 700 ${quoted(path)}\``,
    };
  }
  return await closeFiles(path);
}

/** Since nobody else can write in the directory, what is found here stays as it is. */
async function closeFiles(path: string): Promise<NotPrivate | null> {
  for await (const { name, isSymlink, isFile } of Deno.readDir(path)) {
    const file = `${path}/${name}`;
    if (isSymlink) {
      return { found: `holds a link, ${name}`, remedy: `run \`rm ${quoted(file)}\`` };
    }
    if (!isFile) continue;
    const { mode } = await Deno.lstat(file);
    if (mode! & OTHERS) await Deno.chmod(file, 0o600);
  }
  return null;
}

/** The user as whom files are made there, which is what counts on a file system of another machine. */
async function ownUid(path: string): Promise<number> {
  const probe = `${path}/.owner-${crypto.randomUUID()}`;
  const file = await Deno.open(probe, { write: true, createNew: true, mode: 0o600 });
  try {
    return (await file.stat()).uid!;
  } finally {
    file.close();
    await Deno.remove(probe);
  }
}

/** For a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
