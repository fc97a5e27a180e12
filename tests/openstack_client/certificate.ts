/** A CA and a certificate for tests of TLS, made with openssl. @module */
import { assert } from "../support/assert.ts";

const run = async (...args: string[]) => {
  const { success, stderr } = await new Deno.Command("openssl", { args }).output();
  assert(success, new TextDecoder().decode(stderr));
};

/** A CA of our own, and a certificate of the name or address that it signed; paths of PEM files. */
export async function makeCertificate(folder: string, subject: string) {
  const [ca, caKey, cert, key, csr, ext] = ["ca.pem", "ca.key", "s.pem", "s.key", "s.csr", "s.ext"]
    .map((name) => `${folder}/${name}`) as [string, string, string, string, string, string];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await run(
    "req",
    "-x509",
    ...ec,
    "-keyout",
    caKey,
    "-out",
    ca,
    "-subj",
    "/CN=our CA",
    "-days",
    "1",
  );
  await run("req", ...ec, "-keyout", key, "-out", csr, "-subj", "/CN=keystone");
  await Deno.writeTextFile(ext, `subjectAltName=${subject}\nbasicConstraints=CA:FALSE\n`);
  const signing = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-extfile", ext, "-days", "1"];
  await run("x509", "-req", "-in", csr, "-out", cert, ...signing);
  return { ca, cert, key };
}
