/**
 * nfpm, which makes a .deb and an .rpm of one description without Debian's or Red Hat's own tools, for any
 * architecture, and the same bytes each time. It is built from Go's module proxy, whose checksum database
 * vouches for the version.
 *
 * @module
 */

const MODULE = "github.com/goreleaser/nfpm/v2/cmd/nfpm";
const NFPM_VERSION = "v2.45.2";
const TOOLS = new URL("../../.tools/package/", import.meta.url).pathname;

/** Go is missing, or could not build it. */
export class ToolMissingError extends Error {
  override readonly name = "ToolMissingError";
}

/**
 * Path of nfpm, built when it is not there.
 *
 * @throws {ToolMissingError} it cannot be had here.
 */
export async function findNfpm(): Promise<string> {
  const bin = `${TOOLS}bin-${NFPM_VERSION}`;
  const nfpm = `${bin}/nfpm`;
  if (await exists(nfpm)) return nfpm;
  const own = { GOBIN: bin, GOMODCACHE: `${TOOLS}mod`, GOCACHE: `${TOOLS}build` };
  const env = { ...own, GOFLAGS: "-p=1 -modcacherw", GOTOOLCHAIN: "local" };
  const problems: string[] = [];
  for (const go of ["go", "/usr/local/go/bin/go"]) {
    try {
      const args = ["install", `${MODULE}@${NFPM_VERSION}`];
      const { success, stderr } = await new Deno.Command(go, { args, env }).output();
      if (success) return nfpm;
      problems.push(new TextDecoder().decode(stderr).replaceAll(/^go: downloading .*\n/gm, ""));
    } catch {
      problems.push(`${go} is not there`);
    }
  }
  throw new ToolMissingError(`nfpm needs Go and its module proxy: ${problems.join("; ")}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
