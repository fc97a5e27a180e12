/** Certificates of a test's own, made by openssl. @module */
import { outputOf } from "./in_time.ts";

/** A self-signed certificate for 127.0.0.1 and its key in `dir`, named after `name`. */
export async function makeCertificate(
  dir: string,
  name: string,
): Promise<{ cert: string; key: string }> {
  const [cert, key] = [`${dir}/${name}.pem`, `${dir}/${name}.key`];
  const { success, stderr } = await outputOf("openssl", {
    args: [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(" "),
      ...["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", cert],
    ],
  });
  if (!success) throw new Error(`openssl: ${new TextDecoder().decode(stderr)}`);
  return { cert, key };
}

/** An authority of a test's own: `certificate` is its PEM file. */
export interface Authority {
  readonly certificate: string;
  /** Makes a certificate for these names, valid from now for so many days (negative: expired), with its key. */
  issue(name: string, names: string, days?: number): Promise<{ cert: string; key: string }>;
}

/** A new authority in `dir`. */
export async function makeAuthority(dir: string, name: string): Promise<Authority> {
  const [certificate, authorityKey] = [`${dir}/${name}.pem`, `${dir}/${name}.key`];
  const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(" ");
  await openssl(
    ...["req", "-x509", ...newKey, "-days", "2", "-subj", `/CN=${name}`],
    ...["-keyout", authorityKey, "-out", certificate],
  );
  return {
    certificate,
    async issue(name, names, days = 2) {
      const [cert, key, request] = ["pem", "key", "csr"].map((end) => `${dir}/${name}.${end}`);
      const extensions = `${dir}/${name}.ext`;
      await Deno.writeTextFile(
        extensions,
        `subjectAltName=${names}\nbasicConstraints=critical,CA:FALSE\n`,
      );
      await openssl(
        "req",
        "-new",
        ...newKey,
        "-subj",
        `/CN=${name}`,
        "-keyout",
        key!,
        "-out",
        request!,
      );
      await openssl(
        ...["x509", "-req", "-in", request!, "-CA", certificate, "-CAkey", authorityKey],
        ...["-days", String(days), "-extfile", extensions, "-out", cert!],
      );
      return { cert: cert!, key: key! };
    },
  };
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await outputOf("openssl", { args });
  if (!success) throw new Error(`openssl: ${new TextDecoder().decode(stderr)}`);
}
