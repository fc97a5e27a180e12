import { RestartRefusedError, UnknownRoleError } from "../../lib/state/restart_request.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { testApp } from "./test_app.ts";

interface Press {
  readonly token?: string | null;
  readonly from?: string;
  readonly headers?: Record<string, string | null>;
  readonly body?: string;
  readonly path?: string;
  readonly failure?: Error;
}

const OWN = {
  host: "localhost:9797",
  origin: "http://localhost:9797",
  "content-type": "application/x-www-form-urlencoded",
};

async function press(given: Press = {}) {
  const { token = null, from = "127.0.0.1", headers = {}, body = "", failure } = given;
  const asked: string[] = [];
  const app = testApp({
    allowedHosts: ["node-1"],
    actions: {
      token,
      restart(role, by) {
        asked.push(`${role}, ${by}`);
        return failure ? Promise.reject(failure) : Promise.resolve();
      },
    },
  });
  const all = Object.entries({ ...OWN, ...headers }).filter(([, value]) => value !== null);
  const response = await app.request(given.path ?? "/roles/manager/restart", {
    method: "POST",
    headers: all as [string, string][],
    body,
  }, { remoteAddr: { hostname: from } });
  return { code: response.status, html: await response.text(), asked, headers: response.headers };
}

Deno.test("the button restarts the role and leads back to its page", async () => {
  const { code, asked, headers } = await press({ headers: { "sec-fetch-site": "same-origin" } });
  assertEquals([code, headers.get("location")], [303, "/roles/manager"]);
  assertEquals(asked, ["manager, the page from 127.0.0.1"]);
  const withToken = await press({ token: "a&b", from: "10.0.0.9", body: "token=a%26b" });
  assertEquals([withToken.code, withToken.asked.length], [303, 1]);
});

const NEVER: readonly (readonly [string, Press, number])[] = [
  ["from elsewhere, when there is no token", { from: "10.0.0.9" }, 403],
  ["by another site's page", { headers: { origin: "http://evil.example" } }, 403],
  ["by a page that hides its origin", { headers: { origin: "null" } }, 403],
  ["without an origin", { headers: { origin: null } }, 403],
  ["by another port of this host", { headers: { origin: "http://localhost:1" } }, 403],
  ["by a site beside ours", { headers: { "sec-fetch-site": "same-site" } }, 403],
  ["for another site", { headers: { "sec-fetch-site": "cross-site" } }, 403],
  ["without the token", { token: "secret" }, 401],
  ["with a wrong one", { token: "secret", body: "token=secreT" }, 401],
  ["with a file in place of the token", {
    token: "secret",
    headers: { "content-type": "multipart/form-data; boundary=x" },
    body:
      '--x\r\ncontent-disposition: form-data; name="token"; filename="a"\r\n\r\nsecret\r\n--x--',
  }, 401],
  ["through a proxy on this machine", { headers: { "x-forwarded-for": "192.0.2.1" } }, 403],
  ["at another host than a loopback one", {
    headers: { host: "node-1:9797", origin: "http://node-1:9797" },
  }, 403],
  ["with a huge body", { body: `token=${"x".repeat(70_000)}` }, 413],
  ["at another address", { path: "/roles/manager" }, 405],
  ["of a role whose name is none", { path: "/roles/Manager!/restart" }, 405],
];
for (const [what, given, code] of NEVER) {
  Deno.test(`the button is not pressed ${what}: ${code}`, async () => {
    const answer = await press(given);
    assertEquals([answer.code, answer.asked], [code, []]);
  });
}

Deno.test("why a role was not restarted is said in the page's frame", async () => {
  const unknown = await press({ failure: new UnknownRoleError("no role <x>") });
  assertEquals(unknown.code, 404);
  assertMatch(unknown.html, /^<!doctype html>.*Not done.*no role &lt;x&gt;/s);
  assertEquals((await press({ failure: new RestartRefusedError("stops") })).code, 409);
  assertEquals((await press({ failure: new Error("nobody") })).code, 503);
});

Deno.test("the button is there for those who may press it, and nobody is shown another's page", async () => {
  const look = async (token: string | null, ...from: string[]) => {
    const app = testApp({ actions: { token } });
    const pages = [];
    for (const hostname of from) {
      const response = await app.request("/roles/manager", {}, { remoteAddr: { hostname } });
      pages.push(await response.text());
    }
    return pages;
  };
  const form = /<form[^>]*method="post" action="\/roles\/manager\/restart"/;
  const [near, far] = await look(null, "127.0.0.1", "10.0.0.9");
  assertMatch(near!, form);
  assert(!/restart-token/.test(near!));
  assert(!form.test(far!), "it was rendered for somebody else a moment before");
  assertMatch(far!, /can be restarted from this machine/);
  const through = await testApp({ actions: { token: null } }).request("/roles/manager", {
    headers: { via: "1.1 proxy" },
  }, { remoteAddr: { hostname: "127.0.0.1" } });
  assert(!form.test(await through.text()), "it would be refused");
  const [any] = await look("secret", "10.0.0.9");
  assertMatch(any!, /<input id="restart-token" name="token" type="password" autocomplete="off"/);
  assert(!any!.includes("secret"));
});
