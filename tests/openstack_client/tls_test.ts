import { systemClock } from "../../lib/base/clock.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { makeCertificate } from "./certificate.ts";
import { withKeystone } from "./fake_keystone.ts";
import { tempDir } from "../support/temp_dir.ts";

async function withTls(
  subject: string,
  play: (token: (caFile: string | null) => Promise<string>, ca: string) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  const files = await makeCertificate(dir.path, subject);
  const [cert, key] = await Promise.all([files.cert, files.key].map((f) => Deno.readTextFile(f)));
  await withKeystone(async (keystone) => {
    const token = async (caFile: string | null) => {
      const openstack = { ...testConfig().openstack, authUrl: `${keystone.url}/v3`, caFile };
      const credential = { ...openstack.credential!, password: "sesame", project: null };
      using auth = new KeystoneAuth(
        { ...openstack, credential } as typeof openstack,
        systemClock,
      );
      return await auth.token(AbortSignal.timeout(20_000)).then(
        (token) => token!.value,
        (error) => error.message,
      );
    };
    await play(token, files.ca);
  }, { cert: cert!, key: key! });
}

Deno.test("TLS with a CA of one's own, and without it a sentence that says what to set", () =>
  withTls("IP:127.0.0.1", async (token, ca) => {
    assertEquals(await token(ca), "token-1");
    assertMatch(await token(null), /no CA that we know signed its certificate.*os_cacert/);
  }));

Deno.test("a certificate of another name is refused, CA or not", () =>
  withTls("DNS:ctl", async (token, ca) => {
    assertMatch(await token(ca), /certificate is for another host name/);
  }));

Deno.test("a CA file that is not there, or is none, is named", () =>
  withTls("IP:127.0.0.1", async (token) => {
    assertMatch(await token("/nonexistent/ca.pem"), /cannot read os_cacert \/nonexistent\/ca\.pem/);
    const path = await Deno.makeTempFile();
    try {
      assertMatch(await token(path), /is not a PEM file/);
      await Deno.writeTextFile(path, "-----BEGIN CERTIFICATE-----\nnonsense\n");
      assertMatch(await token(path), new RegExp(`${path}.*not usable for TLS`));
    } finally {
      await Deno.remove(path);
    }
  }));
