/** What Felix writes to etcd: keys and values of agents and endpoints. */
import fc from "fast-check";
import {
  agentHost,
  endpointId,
  felixPrefix,
  parseAgentStatus,
  parsePortStatus,
} from "../../lib/status/felix_status.ts";
import { osloTime } from "../../lib/status/reporter.ts";
import { fuzz } from "./fuzz.ts";
import { asBytes, damaged, spoilt } from "./inputs.ts";

const PREFIX = felixPrefix(null);
const keys = spoilt(
  `${PREFIX}host-1/status`,
  `${PREFIX}host-1/workload/openstack/openstack%2fdevice-1/endpoint/port-1`,
);
const values = asBytes(damaged(
  { time: "2026-11-24T14:02:03.123456+01:00", uptime: 12.5, first_update: true },
  { status: "up" },
));

fuzz("Felix's status", fc.tuple(keys, values), ([key, value]) => {
  const status = parseAgentStatus(value);
  if (typeof status?.time === "number") osloTime(status.time);
  return [agentHost(key, PREFIX), endpointId(key, PREFIX), status, parsePortStatus(value)];
});
