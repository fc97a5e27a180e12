/** Programs of the system that a test looks at the product with. @module */

/** Why there is no such program; null: there is, if need be since its package was installed. */
export async function programMissing(name: string): Promise<string | null> {
  if (await succeeds("sh", "-c", `command -v ${name}`)) return null;
  if (Deno.uid() !== 0) return `${name} is not installed, and installing it needs rights`;
  // Another suite may be installing something.
  const wait = ["-o", "DPkg::Lock::Timeout=300"];
  const install = () =>
    succeeds("apt-get", ...wait, "install", "-y", "--no-install-recommends", name);
  const got = await install() || (await succeeds("apt-get", ...wait, "update") && await install());
  return got ? null : `${name} cannot be installed`;
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  try {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const options = { args, env, stdin: "null", stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(command, options).output()).success;
  } catch {
    return false;
  }
}
