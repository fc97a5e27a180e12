/**
 * What Deno 2.4.2 lacks of what the product uses. `build.sh` takes that version's runtime for the binary
 * where the product's own cannot be downloaded, and lets every module that begins a thread import this one
 * first.
 *
 * @module
 */

/** A lock that was not free by then counts as held, ms. */
const LOCK_WAIT_MS = 300;

/** Deno 2.4 can only wait for a lock; a wait that was given up goes on, and the file takes no other call. */
async function tryLock(this: Deno.FsFile, exclusive?: boolean): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), LOCK_WAIT_MS);
  const locking = this.lock(exclusive).then(() => true);
  const locked = await Promise.race([locking, late.promise]);
  clearTimeout(timer);
  if (!locked) this.close = () => {};
  return locked;
}

/** Deno 2.4 knows no `unix:` hosts: there, the paths alone allow a socket. */
class WorkerWithoutUnixHosts extends Worker {
  constructor(module: string | URL, options?: WorkerOptions) {
    const permissions = options?.deno?.permissions;
    if (typeof permissions !== "object" || !Array.isArray(permissions.net)) {
      super(module, options);
      return;
    }
    const hosts = permissions.net.filter((host) => !host.startsWith("unix:"));
    const net = hosts.length > 0 ? hosts : false;
    super(module, { ...options, deno: { permissions: { ...permissions, net } } });
  }
}

/** Its HTTP/2 reads and writes in the background, which fails unhandled when the other side ends first. */
function isStreamNoise(error: unknown): boolean {
  return error instanceof Error && /^\s+at (async )?node:http2:/m.test(error.stack ?? "");
}

if (!("tryLock" in Deno.FsFile.prototype)) {
  Object.assign(Deno.FsFile.prototype, { tryLock });
  globalThis.Worker = WorkerWithoutUnixHosts;
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (!isStreamNoise(event.reason)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });
}
