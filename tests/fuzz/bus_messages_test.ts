/** Messages of the bus: answers of Neutron's plugin, and its notifications. */
import fc from "fast-check";
import { decodeReply, encodeRpc } from "../../lib/bus/envelope.ts";
import { addHints, decodeNotification, Hints } from "../../lib/sync/sources/notification.ts";
import { fuzz } from "./fuzz.ts";
import { asBytes, damaged, json, oddText } from "./inputs.ts";

const reply = { _msg_id: "1", result: [{ a: 1 }], failure: null, ending: true };
const failure = { class: "UnsupportedVersion", message: "no", args: [] };
const notifications = [
  { event_type: "port.update.end", payload: { port: { id: "p-1", device_owner: "compute:nova" } } },
  { event_type: "port.create.end", payload: { ports: [{ id: "p-1" }, { id: "p-2" }] } },
  { event_type: "security_group_rule.delete.end", payload: { security_group_rule_id: "r" } },
  { event_type: "policy.update.end", payload: { policy: { id: "q", rules: [{ id: "r" }] } } },
  { event_type: "binding.delete.end", payload: { binding_id: "host" } },
  { event_type: "network.delete.end", payload: { network_id: "n" } },
];
const messages = fc.oneof(
  damaged(reply, ...notifications),
  json.map((text) => JSON.stringify({ ...reply, failure: text })),
  fc.constant(JSON.stringify({ ...reply, failure: JSON.stringify(failure) })),
  // An event of any resource, such as one that every object has.
  fc.tuple(oddText, json).map(([name, payload]) =>
    `{"event_type":${JSON.stringify(`${name}.delete.end`)},"payload":${payload}}`
  ),
);
/** In oslo's envelope or without it, as its two drivers send. */
const bodies = asBytes(fc.oneof(
  messages,
  messages.map((text) => JSON.stringify({ "oslo.version": "2.0", "oslo.message": text })),
  damaged(JSON.parse(String(encodeRpc({ method: "m", args: {}, version: "1.0" }, null)))),
));

fuzz("messages of the bus", bodies, (body) => {
  const notification = decodeNotification(body);
  const hints = new Hints();
  if (notification) addHints(hints, notification, (id) => id === "p-1");
  hints.add(new Hints());
  return [decodeReply(body), notification, hints.changed, hints.size];
});
