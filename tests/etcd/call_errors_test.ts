import { GRPCDeadlineExceededError, GRPCUnavailableError, GRPCUnknownError } from "etcd3";
import {
  isOfMember,
  LoginError,
  refusalOf,
  WatchRefusedError,
} from "../../lib/etcd/call_errors.ts";
import { etcdCause } from "../../lib/etcd/outage.ts";
import { unattachedError } from "../../lib/etcd/watch.ts";
import { assertEquals } from "../support/assert.ts";

/** An error of a stream, which etcd3 does not translate. */
const ofStream = (code: number, text: string) => Object.assign(new Error(text), { code });

Deno.test("a call that ends with its member over TLS is made to the next", () => {
  const text = "2 UNKNOWN: Received HTTP status code 200";
  for (const error of [new GRPCUnknownError(text), ofStream(2, text)]) {
    assertEquals(isOfMember(error), true);
  }
  assertEquals(isOfMember(new GRPCUnknownError("2 UNKNOWN: etcdserver: no leader")), false);
});

Deno.test("whoever does not answer: one cause, however the library puts it; what etcd says is another", () => {
  const silent = [
    new GRPCUnavailableError("14 UNAVAILABLE: Connection dropped"),
    new GRPCUnavailableError("14 UNAVAILABLE: No connection established. Last error: null"),
    new GRPCDeadlineExceededError("4 DEADLINE_EXCEEDED: Deadline exceeded after 1.5s"),
    ofStream(14, "14 UNAVAILABLE: read ECONNRESET"),
  ];
  assertEquals(new Set(silent.map(etcdCause)).size, 1);
  const full = ofStream(8, "8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded");
  assertEquals(silent.map(etcdCause).includes(etcdCause(full)), false);
});

Deno.test("certificates and rights are causes of their own, and what they say is told of a watch, too", () => {
  const expired = new GRPCUnavailableError(
    "14 UNAVAILABLE: No connection established. Last error: EtcdTlsError: " +
      "the certificate of etcd at etcd-0:2379 has expired: renew it. Resolution note: ",
  );
  const says = "the certificate of etcd at etcd-0:2379 has expired: renew it";
  assertEquals([etcdCause(expired), refusalOf(unattachedError(expired))], [says, says]);
  const silent = new GRPCUnavailableError("14 UNAVAILABLE: Connection dropped");
  const refused = [new LoginError("etcd does not let n in"), new WatchRefusedError("permission d")];
  for (const error of refused) {
    assertEquals(etcdCause(error), error.message);
    assertEquals(refusalOf(unattachedError(error)), error.message);
  }
  assertEquals(refusalOf(unattachedError(silent)), null);
  assertEquals(etcdCause(unattachedError(silent)), etcdCause(silent));
});
